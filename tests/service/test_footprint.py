from __future__ import annotations

import subprocess
import sys

_HEAP_OF_A_THREAD = """
import ctypes, threading
from pathlib import Path
from ekinerja_agent.host.memory import share_one_heap

{prelude}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_size_t
places = []
thread = threading.Thread(target=lambda: places.append(libc.malloc(1000)))
thread.start()
thread.join()
heap = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]"))
start, end = (int(bound, 16) for bound in heap.split()[0].split("-"))
print(start <= places[0] < end)
"""


def test_threads_allocate_from_the_heap_of_the_process_once_it_is_shared() -> None:
    assert _heap_of_a_thread(prelude="share_one_heap()") == "True"
    assert _heap_of_a_thread(prelude="") == "False"


def test_a_log_line_needs_no_rich_and_shows_no_local_variable() -> None:
    program = (
        "import sys; from ekinerja_agent.host import logs; logs.configure('console', 'info')\n"
        "def fail(comm_key):\n    raise ValueError('broken')\n"
        "try:\n    fail('k3y' * 2)\nexcept ValueError:\n    logs.logger().exception('poll.broke')\n"
        "assert 'rich' not in sys.modules\n"
        "import rich.table\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "ValueError: broken" in done.stderr
    assert "k3yk3y" not in done.stderr


def test_rows_for_a_program_need_nothing_that_draws_a_table() -> None:
    program = (
        "import sys; from ekinerja_agent.cli.shell.listing import emit\n"
        "for fmt in ('csv', 'json'):\n    emit([{'pin': '1'}], ['pin'], fmt)\n"
        "assert 'rich' not in sys.modules\n"
        "emit([{'pin': '1'}], ['pin'], 'table')\n"
        "assert 'rich' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)


def _heap_of_a_thread(prelude: str) -> str:
    program = _HEAP_OF_A_THREAD.format(prelude=prelude)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
