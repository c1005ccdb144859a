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
    /etc/systemd/system/ekinerja-agent-backup.timer /etc/systemd/system/ekinerja-agent-command.socket \
    /etc/systemd/system/ekinerja-agent-command@.service
for each in ekinerja-agent ekinerja-agent-backup ekinerja-agent-command@0; do
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
holds "it starts with the machine" systemctl is-enabled ekinerja-agent.service ekinerja-agent-backup.timer \
    ekinerja-agent-command.socket
holds "the configuration is right" agent config check
holds "it starts" systemctl start ekinerja-agent
holds "others cannot read the data" not runuser -u nobody -- ls /var/lib/ekinerja-agent
holds "others cannot read the configuration" not runuser -u nobody -- ls /etc/ekinerja-agent

step "Two people, each with a login of their own"
month=$(date -d "$(date +%Y-%m-01) -1 day" +%Y-%m)
nip=198501012010011001
for each in sari budi; do useradd --create-home --home-dir "/home/$each" "$each" && chmod 0700 "/home/$each"; done
as() {
    local who=$1
    shift
    (cd "/home/$who" && runuser -u "$who" -- ekinerja-agent "$@")
}
ends_with() {
    local code=$1
    shift
    "$@"
    is "$?" "$code"
}
systemctl stop ekinerja-agent
holds "who is not in the group is told what to do" says "usermod -aG ekinerja-staff" as sari account list
usermod -aG ekinerja-staff sari
usermod -aG ekinerja-staff budi
printf 'code,name,timezone\nDINKES,Dinas,Asia/Makassar\n' >/home/sari/units.csv
printf 'nip,name,unit,valid_from\n%s,Ani,DINKES,2020-01-01\n' "$nip" >/home/sari/employees.csv
chown sari: /home/sari/*.csv
chmod 0600 /home/sari/*.csv
printf 'adopted:\n  - {profile: tpp-model, value: "*", decree: Perbup 1/2026, date: 2026-01-02, by: Bupati}\n' \
    >/etc/ekinerja-agent/rules/adopted.yaml
chown root:ekinerja /etc/ekinerja-agent/rules/adopted.yaml
chmod 0640 /etc/ekinerja-agent/rules/adopted.yaml
holds "sari enters a file of hers, and is the first operator" as sari import units units.csv
holds "and another" as sari import employees employees.csv
holds "and a second operator" as sari account add budi --role operator --os-user budi
holds "and a correction" as sari correction add "$nip" "$month-02" arrive --time 07:15 --document "SK 9"
holds "which she cannot approve herself" ends_with 7 as sari correction approve 1 --yes
holds "budi approves it" as budi correction approve 1 --yes
holds "budi computes the month" as budi score run --month "$month"
holds "sari signs, which is not enough" ends_with 7 as sari period close "$month" --accept-pending "seen" --yes
holds "budi signs, and the month is closed" as budi period close "$month" --accept-pending "seen" --yes
holds "it is" says closed as sari period status "$month"
holds "the audit log tells who it was" says ",sari,.*,$(id -u sari)," as budi audit list
holds "it is unbroken" as budi audit verify
holds "sari gets a report" as sari report monthly --month "$month" --out report.html
holds "which is hers alone" is "$(stat -c '%U %a' /home/sari/report.html)" "sari 600"
holds "no file of the service is read for her" says "cannot be read: Permission denied" \
    as sari import units /etc/ekinerja-agent/agent.yaml
holds "none is written" says "cannot be written: Permission denied" \
    as sari report monthly --month "$month" --out /var/lib/ekinerja-agent/report.html
holds "the administrator's work is refused" ends_with 7 as sari db upgrade
holds "all of it while the service is down" not systemctl is-active ekinerja-agent
holds "nobody but the service's user reads the database" not runuser -u sari -- test -e /var/lib/ekinerja-agent/central.db
ekinerja-agent doctor >/dev/null 2>&1
strangers() { find /var/lib/ekinerja-agent ! -user ekinerja | wc -l; }
holds "what root does there belongs to the service" is "$(strangers)" 0
holds "and it starts again" systemctl start ekinerja-agent
rm /etc/ekinerja-agent/rules/adopted.yaml

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
holds "it is restored elsewhere" ekinerja-agent backup restore "$archive" --to /var/tmp/restored
refused "where the service's user may not write it is not" 4 ekinerja-agent backup restore "$archive" --to /root/restored
holds "and used once somebody looked at it" ekinerja-agent backup accept /var/tmp/restored --yes
restored() { ekinerja-agent --config /var/tmp/restored/agent.yaml punch list --format csv | tail -n +2 | wc -l; }
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
    sed -i 's/^        memory.share_one_heap()/        raise SystemExit(1)/' "$service"
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
