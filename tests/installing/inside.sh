#!/usr/bin/env bash
# Runs as root in the clean Debian that scripts/test-install boots: a life of an installation, step by step.
set -uo pipefail

wrong=0
step() { printf '\n== %s\n' "$*"; }
holds() {
    local what=$1
    shift
    if "$@" >/root/last 2>&1; then
        echo "   ok: $what"
    else
        echo "   WRONG: $what"
        sed 's/^/      /' /root/last | tail -n 25
        wrong=1
    fi
}
until_holds() {
    local what=$1 seconds=$2
    shift 2
    for ((second = 0; second < seconds; second++)); do
        "$@" >/root/last 2>&1 && break
        sleep 1
    done
    holds "$what" "$@"
}
not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { echo "$1 is not $2" && false; }; }
unit() { systemctl show -P "$1" ekinerja-agent.service; }
agent() { (cd / && runuser -u ekinerja -- ekinerja-agent "$@"); }
punches() { agent punch list --format csv | tail -n +2 | wc -l; }
told() { journalctl -u ekinerja-agent -o cat --no-pager | grep -q -- "$1"; }
told_since() { journalctl -u ekinerja-agent -o cat --no-pager --since "$1" | grep -q -- "$2"; }
install() { /src/scripts/install.sh --wheels /wheels "$@"; }
says() {
    local words=$1
    shift
    "$@" >/root/said 2>&1
    grep -q -- "$words" /root/said || { cat /root/said && false; }
}
silent() {
    "$@" >/root/said 2>&1
    [ ! -s /root/said ] || { cat /root/said && false; }
}

step "Wrong beginnings"
holds "without root it says so" says "needs root" runuser -u nobody -- /src/scripts/install.sh --role box
holds "without a role it asks for one" says "What is this machine" install

step "Install"
holds "scripts/install.sh --role box, without a network" install --role box
cat /root/last
holds "the user exists" getent passwd ekinerja
holds "systemd finds nothing wrong with the units" silent systemd-analyze verify \
    /etc/systemd/system/ekinerja-agent.service /etc/systemd/system/ekinerja-agent-backup.service \
    /etc/systemd/system/ekinerja-agent-backup.timer
for each in ekinerja-agent ekinerja-agent-backup; do
    holds "exposure of $each at most 2.0: $(systemd-analyze security "$each" --no-pager | tail -n 1)" \
        systemd-analyze security --threshold=20 --no-pager "$each"
done
shared=/usr/local/share
for file in man/man1/ekinerja-agent.1 man/id/man1/ekinerja-agent.1 bash-completion/completions/ekinerja-agent \
    zsh/vendor-completions/_ekinerja-agent fish/vendor_completions.d/ekinerja-agent.fish; do
    holds "$shared/$file is there" test -s "$shared/$file"
done
completed() {
    bash --norc -c ". $shared/bash-completion/completions/ekinerja-agent; COMP_WORDS=(ekinerja-agent per); COMP_CWORD=1
        _ekinerja_agent_completion ekinerja-agent; printf '%s\\n' \"\${COMPREPLY[@]}\""
}
holds "bash completes a command" says '^period$' completed
holds "it starts with the machine" systemctl is-enabled ekinerja-agent.service ekinerja-agent-backup.timer
holds "the configuration is right" agent config check
holds "it starts" systemctl start ekinerja-agent
holds "others cannot read the data" not runuser -u nobody -- ls /var/lib/ekinerja-agent
holds "others cannot read the configuration" not runuser -u nobody -- ls /etc/ekinerja-agent

step "A terminal, read by the hardened service"
systemd-run --quiet --unit=terminal -p User=nobody /usr/local/bin/ekinerja-agent simulate --port 4370 --records 500
cat >/etc/ekinerja-agent/devices.yaml <<END
terminals:
  - {id: lobby, office: DINKES, address: "127.0.0.1:4370", timezone: Asia/Makassar, every: 2s}
END
holds "reload" systemctl reload ekinerja-agent
until_holds "its 500 punches are in the database" 60 says '^500$' punches
holds "the watchdog is on" is "$(unit WatchdogUSec)" 1min
sandbox=(-p User=ekinerja -p NoNewPrivileges=yes -p CapabilityBoundingSet=)
while IFS= read -r line; do sandbox+=(-p "$line"); done < <(grep ^SystemCallFilter= /etc/systemd/system/ekinerja-agent.service)
holds "it may ask the kernel whether the clock is kept" systemd-run --quiet --wait --pipe "${sandbox[@]}" \
    python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256)) < 0)'
sed -i "s/score: .*/score: {at: \"$(date -d '+75 seconds' +%H:%M)\"}/" /etc/ekinerja-agent/agent.yaml
holds "restart" systemctl restart ekinerja-agent
until_holds "the scoring libraries work in there: the night's scores were made" 150 told '"score.done"'

step "Killed, hanging, misconfigured"
kill -KILL "$(unit MainPID)"
sleep 2
until_holds "after SIGKILL it is back" 30 systemctl is-active ekinerja-agent
mkdir -p /etc/systemd/system/ekinerja-agent.service.d
printf '[Service]\nWatchdogSec=5s\nTimeoutAbortSec=5s\nRestartSec=1s\n' >/etc/systemd/system/ekinerja-agent.service.d/hasty.conf
systemctl daemon-reload
systemctl restart ekinerja-agent
before=$(unit MainPID)
kill -STOP "$before"
changed() { [ "$(unit MainPID)" != "$before" ] && systemctl is-active --quiet ekinerja-agent; }
until_holds "a process that hangs is replaced by one that works" 60 changed
rm -r /etc/systemd/system/ekinerja-agent.service.d
systemctl daemon-reload
systemctl restart ekinerja-agent
holds "nothing was lost or counted twice" says '^500$' punches
cp -a /etc/ekinerja-agent/agent.yaml /root/agent.yaml
echo "nonsense: 1" >>/etc/ekinerja-agent/agent.yaml
systemctl restart ekinerja-agent >/dev/null 2>&1
sleep 15
holds "a wrong configuration ends it with 3" is "$(unit ExecMainStatus)" 3
holds "and it is not started over and over" is "$(unit ActiveState) $(unit NRestarts)" "failed 0"
cp -a /root/agent.yaml /etc/ekinerja-agent/agent.yaml
holds "mended, it starts" systemctl restart ekinerja-agent

step "Backup"
holds "the timer's service makes one" systemctl start ekinerja-agent-backup
archive=$(find /var/lib/ekinerja-agent/backups -name '*.tar.gz' | head -n 1)
holds "it is whole" agent backup check "$archive"
holds "restored elsewhere it holds the punches" ekinerja-agent backup restore "$archive" --to /root/restored
restored() { ekinerja-agent --config /root/restored/agent.yaml punch list --format csv | tail -n +2 | wc -l; }
holds "all of them" says '^500$' restored

step "Upgrade"
sed -i 's/^version = .*/version = "0.1.1"/' /src/pyproject.toml
sed -i 's/__version__ = .*/__version__ = "0.1.1"/' /src/ekinerja_agent/__init__.py
echo "# the next release" >>/src/config/install/box.yaml
before=$(readlink /opt/ekinerja-agent/venv)
holds "scripts/install.sh again" install
cat /root/last
holds "the new version" says 0.1.1 ekinerja-agent --version
holds "runs" systemctl is-active ekinerja-agent
holds "what was changed here was left alone" cmp /root/agent.yaml /etc/ekinerja-agent/agent.yaml
holds "the new one lies beside it" test -f /etc/ekinerja-agent/agent.yaml.new
holds "the program of before is kept" test -x "/opt/ekinerja-agent/$before/bin/ekinerja-agent"

step "Upgrades that fail"
running=$(unit MainPID)
mkdir /no-wheels
touch /no-wheels/nothing-1-py3-none-any.whl
holds "packages that cannot be had are told" says "Nothing was changed" /src/scripts/install.sh --wheels /no-wheels
holds "and the running one was not even stopped" is "$(unit MainPID)" "$running"
sed -i 's/^version = .*/version = "0.1.2"/' /src/pyproject.toml
service=/src/ekinerja_agent/daemon/service.py
cp "$service" /root/service.py
break_service() {
    sed -i 's/^        footprint.share_one_heap()/        raise SystemExit(1)/' "$service"
    grep -q '^        raise SystemExit(1)$' "$service"
}
holds "a version is made that does not start" break_service
echo "# of the broken release" >>/src/systemd/ekinerja-agent.service
holds "a version that does not start is taken back" says "the version of before is in use" install
tail -n 4 /root/said
cp /root/service.py "$service"
until_holds "the one before runs" 30 systemctl is-active ekinerja-agent
holds "it is 0.1.1" says 0.1.1 ekinerja-agent --version
holds "with its own unit" not grep -q "broken release" /etc/systemd/system/ekinerja-agent.service
holds "nothing was lost or counted twice" says '^500$' punches

step "An upgrade that fails when the data is in its form already"
versions=/src/ekinerja_agent/central/store/migrations/versions
newest=$(find "$versions" -name '[0-9]*.py' -printf '%f\n' | sort | tail -n 1 | cut -d _ -f 1)
printf '%s\n' '"""The next schema."""' 'revision = "9999"' "down_revision = \"$newest\"" 'branch_labels = None' 'depends_on = None' \
    'def upgrade() -> None:' '    pass' >"$versions/9999_next.py"
sed -i 's/^version = .*/version = "0.1.3"/' /src/pyproject.toml
sed -i 's/__version__ = .*/__version__ = "0.1.3"/' /src/ekinerja_agent/__init__.py
holds "another one that does not start" break_service
holds "the older program cannot share it, so the new one stays, and says so" \
    says "The data is in the form of the new version already" install
holds "it is 0.1.3" says 0.1.3 ekinerja-agent --version
cp /root/service.py "$service"
sed -i 's/^version = .*/version = "0.1.4"/' /src/pyproject.toml
sed -i 's/__version__ = .*/__version__ = "0.1.4"/' /src/ekinerja_agent/__init__.py
holds "mended, the next one is installed" install
holds "and started" systemctl start ekinerja-agent
until_holds "it runs" 30 systemctl is-active ekinerja-agent
holds "nothing was lost or counted twice" says '^500$' punches

step "Uninstall, and back again"
holds "scripts/install.sh --uninstall" /src/scripts/install.sh --uninstall
cat /root/last
holds "no unit is left" not systemctl cat ekinerja-agent
holds "no program is left" not test -e /opt/ekinerja-agent
holds "no manual and no completion is left" is "$(find $shared -name '*ekinerja*' | wc -l)" 0
holds "the data is" test -s /var/lib/ekinerja-agent/central.db
holds "the configuration is" cmp /root/agent.yaml /etc/ekinerja-agent/agent.yaml
holds "install again" install
holds "start" systemctl start ekinerja-agent
holds "everything is there" says '^500$' punches

echo
if [ "$wrong" = 0 ]; then echo "== ALL IS AS IT SHOULD BE"; else echo "== SOMETHING IS WRONG"; fi
