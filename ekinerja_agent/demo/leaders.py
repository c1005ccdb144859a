"""What the county's leaders set out and brought in: plans, norms of work, SAKIP, meetings, innovations, two events.

Promises plain data, all invented; who came to an event follows from the fingers of its day. Does not know files, nor
what anything costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from ekinerja_agent.demo import month
from ekinerja_agent.demo.county import gates_of, people


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of the year. `reports` by month: planned and physical percent and realised rupiah, since it began."""

    code: str
    unit: str
    responsible: str
    name: str
    due: date
    target_output: str
    budget_rp: int
    reports: dict[str, tuple[str, str, int]]


PLANS = (
    Plan(
        *("IMUN-26", "DINKES", "Siti Aminah, S.K.M.", "Imunisasi dasar lengkap"),
        *(date(2026, 12, 15), "95 % bayi terimunisasi", 420_000_000),
        {"2026-08": ("62", "63", 251_000_000), "2026-09": ("72", "74.5", 301_400_000)},
    ),
    Plan(
        *("OBAT-26", "DINKES", "H. Abdul Gafur, S.Sos.", "Ketersediaan obat puskesmas"),
        *(date(2026, 9, 30), "12 puskesmas terisi", 650_000_000),
        {"2026-08": ("90", "92", 583_000_000), "2026-09": ("100", "100", 641_250_000)},
    ),
    Plan(
        *("STUNT-26", "DINKES", "dr. Andreas Simanjuntak", "Penanganan stunting terpadu"),
        *(date(2026, 11, 30), "40 desa didampingi", 380_000_000),
        {"2026-08": ("70", "60", 190_000_000), "2026-09": ("80", "64", 222_300_000)},
    ),
    Plan(
        *("DAPO-26", "DISDIK", "Suryadi, S.Pd., M.M.", "Pemutakhiran data pokok pendidikan"),
        *(date(2026, 8, 31), "214 sekolah mutakhir", 90_000_000),
        {"2026-08": ("100", "81", 70_500_000), "2026-09": ("100", "88", 78_900_000)},
    ),
    Plan(
        *("ASES-26", "DISDIK", "Fahrurrazi, S.Pd., M.Pd.", "Asesmen sekolah dasar"),
        *(date(2026, 11, 20), "160 sekolah dinilai", 210_000_000),
        {"2026-08": ("50", "48", 88_000_000), "2026-09": ("65", "61", 118_000_000)},
    ),
    Plan(
        *("RUANG-26", "DISDIK", "Suryadi, S.Pd., M.M.", "Rehabilitasi ruang kelas"),
        *(date(2026, 12, 18), "36 ruang kelas", 2_400_000_000),
        {"2026-08": ("55", "56", 920_000_000), "2026-09": ("66", "67", 1_104_000_000)},
    ),
    Plan(
        *("HUKUM-26", "SETDA", "Hj. Sri Wahyuni, S.H., M.H.", "Penyusunan produk hukum daerah"),
        *(date(2026, 12, 10), "24 produk hukum", 150_000_000),
        {"2026-08": ("66", "67", 98_000_000), "2026-09": ("75", "75", 111_500_000)},
    ),
    Plan(
        *("KAS-26", "SETDA", "Taufik Rahman, S.STP.", "Percepatan pencairan anggaran"),
        *(date(2026, 9, 15), "Berkas selesai dalam 3 hari", 60_000_000),
        {"2026-08": ("90", "95", 54_000_000), "2026-09": ("100", "100", 58_200_000)},
    ),
)

# unit, job, task, volume, per, standard minutes
TASKS = (
    ("DINKES", "Fungsional Ahli Pertama", "Analisis data kesehatan", "60", "month", "180"),
    ("DINKES", "Fungsional Ahli Pertama", "Pembinaan puskesmas", "4", "week", "360"),
    ("DINKES", "Pengelola", "Pengelolaan obat dan alat kesehatan", "10", "day", "120"),
    ("DINKES", "Pengelola", "Pelayanan rekam kesehatan", "32", "day", "25"),
    ("DINKES", "Pengadministrasi", "Surat masuk dan keluar", "40", "day", "10"),
    ("DISDIK", "Fungsional Ahli Pertama", "Verifikasi data pokok pendidikan", "900", "month", "30"),
    ("DISDIK", "Fungsional Ahli Pertama", "Kunjungan sekolah", "6", "week", "300"),
    ("DISDIK", "Pengelola", "Usulan kenaikan pangkat guru", "1500", "year", "90"),
    ("DISDIK", "Pengelola", "Pengelolaan sarana sekolah", "8", "day", "45"),
    ("DISDIK", "Pengadministrasi", "Surat masuk dan keluar", "60", "day", "10"),
    ("SETDA", "Fungsional Ahli Pertama", "Penyusunan produk hukum", "120", "year", "900"),
    ("SETDA", "Pengelola", "Berkas pencairan anggaran", "14", "day", "40"),
    ("SETDA", "Pengadministrasi", "Surat dan agenda pimpinan", "90", "day", "8"),
)

ASPECTS = (
    *("rencana_strategis", "perjanjian_kinerja", "pengukuran_kinerja"),
    *("pengelolaan_data", "pelaporan_kinerja", "reviu_evaluasi"),
)
SAKIP = {
    ("DINKES", 2024): ("78", "77", "70", "66", "80", "69"),
    ("DINKES", 2025): ("82.5", "80", "76.25", "71", "84", "74"),
    ("DISDIK", 2024): ("70", "72", "64", "60", "69", "60"),
    ("DISDIK", 2025): ("74", "71.5", "66", "58", "72", "61.5"),
    ("SETDA", 2024): ("85", "84", "80", "75", "88", "80"),
    ("SETDA", 2025): ("88", "86", "83.5", "79", "90", "84"),
}

# unit, day, topic, who led it
MEETINGS = (
    ("DINKES", date(2026, 9, 10), "Capaian program Agustus", "dr. Hj. Rahmawati, M.Kes."),
    ("DINKES", date(2026, 9, 24), "Percepatan penanganan stunting", "dr. Hj. Rahmawati, M.Kes."),
    ("DISDIK", date(2026, 9, 8), "Data sekolah yang belum mutakhir", "Drs. H. Jumberi, M.Pd."),
    ("SETDA", date(2026, 9, 22), "Serapan anggaran triwulan III", "Ir. H. Zainal Abidin, M.T."),
)

# code, unit, name, began
INNOVATIONS = (
    ("SIAGA-GIZI", "DINKES", "Siaga Gizi: timbang balita di pasar desa", date(2026, 3, 2)),
    ("KAS-TIGA", "SETDA", "Kas Tiga Hari: berkas pencairan selesai dalam tiga hari", date(2026, 6, 1)),
)


@dataclass(frozen=True, slots=True)
class Event:
    """An event that all are called to. Who laid a finger before it closed was there."""

    code: str
    kind: str
    day: date
    opens: time
    due: time
    closes: time


APEL = Event("APEL-0914", "apel", date(2026, 9, 14), time(7), time(7, 30), time(7, 45))
KRIDA = Event("KRIDA-0925", "krida", date(2026, 9, 25), time(7), time(7, 30), time(7, 40))
EVENTS = (APEL, KRIDA)
WITHOUT_UNIFORM = {("APEL-0914", "Gusti Muhammad Ridho, S.H."), ("APEL-0914", "Rizky Pratama")}


def attendance(seed: int = month.SEED) -> tuple[tuple[Event, str, bool], ...]:
    """Given a seed, return who came to which event, and whether in uniform: event, NIP, uniform."""
    fingers = month.presses(seed)
    found = []
    for event in EVENTS:
        came = {(p.gate, p.pin) for p in fingers if p.moment.date() == event.day and p.moment.time() <= event.closes}
        found += [
            (event, person.nip, (event.code, person.name) not in WITHOUT_UNIFORM)
            for person in people()
            if any((gate.id, person.pin) in came for gate in gates_of(person))
        ]
    return tuple(found)
