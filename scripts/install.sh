#!/usr/bin/env bash
# Installs ekinerja-agent on Debian 12 or Ubuntu 24.04 and newer, from this checkout. Again: upgrades it.
# What it does and why: docs/operators/install.md, docs/decisions/0032-installed-for-years.md
set -euo pipefail

usage() {
    cat <<END
Usage, as root, from a checkout:
  scripts/install.sh --role office|centre|box    install; the role is needed the first time only
  scripts/install.sh                             upgrade to this checkout
  scripts/install.sh --uninstall                 remove program and units; data and configuration stay
Options:
  --wheels DIR   take all packages from DIR, without a network (how to fill it: docs/operators/install.md)
  --root DIR     put everything below DIR and start nothing: to try it, without being root
A version that cannot be built, does not like the configuration or does not start is taken back.
END
}

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# --- what must hold before anything is changed ---

# Python looks for modules in the directory where it is started and in that of PYTHONPATH: whoever can write there, in
# /tmp for one, would be root.
leave_this_directory() {
    [ -z "$root" ] || root=$(realpath -m -- "$root")
    [ -z "$wheels" ] || wheels=$(realpath -m -- "$wheels")
    case ${PYTHON:-} in */*) PYTHON=$(realpath -ms -- "$PYTHON") ;; esac
    unset PYTHONPATH PYTHONHOME PYTHONSTARTUP
    cd /
}

require_root() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "This needs root; run: sudo scripts/install.sh"
}

require_systemd() {
    [ -n "$root" ] || command -v systemctl >/dev/null ||
        fail "systemctl was not found: the service needs systemd, as Debian 12 and Ubuntu 24.04 have it."
}

find_python() {
    python=${PYTHON:-python3}
    command -v "$python" >/dev/null || fail "$python was not found; run: apt install python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" -V 2>&1) is too old: 3.11 or newer is needed, as Debian 12 and Ubuntu 24.04 have it." \
            "Another one is named so: PYTHON=/path/to/python3 scripts/install.sh"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments; run: apt install python3-venv"
}

require_checkout() {
    local each
    for each in pyproject.toml constraints.txt config/install config/rules systemd; do
        [ -e "$checkout/$each" ] || fail "$checkout/$each is missing: run scripts/install.sh of a whole checkout."
    done
}

require_wheels() {
    [ -z "$wheels" ] && return
    compgen -G "$wheels/*.whl" >/dev/null ||
        fail "$wheels holds no wheels (*.whl); docs/operators/install.md says how to fill it."
}

require_room() {
    local free_kib
    free_kib=$(df -Pk "$program" | awk 'NR == 2 { print $4 }')
    [ "$free_kib" -ge "$needed_kib" ] ||
        fail "Only $((free_kib / 1024)) MiB are free in $program, $((needed_kib / 1024)) are needed; make room (df -h)."
}

choose_role() {
    first=no
    [ -e "$etc/agent.yaml" ] || first=yes
    if [ "$first" = no ]; then
        [ -z "$role" ] || say "$etc/agent.yaml exists and stays as it is; roles are changed there, not by --role."
        role=$(cat "$etc/.role" 2>/dev/null || true)
        return
    fi
    case $role in
    office | centre | box) ;;
    "") fail "What is this machine? Name it once: --role office (reads terminals), --role centre (scores), --role box (both)." ;;
    *) fail "--role $role is not known; office, centre or box is allowed." ;;
    esac
}

# --- what is changed can be taken back ---

remember() {
    local path=$1
    if [ -e "$path" ] || [ -L "$path" ]; then
        mkdir -p "$undo/files$(dirname "$path")"
        [ -e "$undo/files$path" ] || [ -L "$undo/files$path" ] || cp -a "$path" "$undo/files$path"
    else
        printf '%s\n' "$path" >>"$undo/created"
    fi
}

take_back_files() {
    local path
    while IFS= read -r path; do rm -f "$path"; done <"$undo/created"
    [ -d "$undo/files" ] || return 0
    while IFS= read -r path; do
        rm -f "$path"
        cp -a "$undo/files$path" "$path"
    done < <(find "$undo/files" ! -type d -printf '/%P\n')
}

put() {
    local mode=$1 source=$2 target=$3
    remember "$target"
    mkdir -p "$(dirname "$target")"
    install -m "$mode" "$source" "$target.part"
    mv -T "$target.part" "$target"
}

put_configuration() {
    put 0640 "$1" "$2"
    [ -n "$root" ] || chown "root:$user" "$2"
}

# --- configuration: what an operator changed is never overwritten ---

digest() { sha256sum "$1" | cut -d' ' -f1; }
recorded() { awk -v name="$1" '$2 == name { print $1 }' "$ledger" 2>/dev/null || true; }

place() {
    local source=$1 name=$2 target=$etc/$2 shipped before
    shipped=$(digest "$source")
    before=$(recorded "$name")
    if [ ! -e "$target" ]; then
        if [ -n "$before" ] && [ "$name" != agent.yaml ]; then
            say "  $target was removed here and stays away"
        else
            put_configuration "$source" "$target"
        fi
    elif [ "$(digest "$target")" = "$shipped" ]; then
        :
    elif [ "$(digest "$target")" = "$before" ]; then
        put_configuration "$source" "$target"
        say "  $target: updated, nobody had changed it"
    elif [ "$shipped" != "$before" ]; then
        put_configuration "$source" "$target.new"
        say "  $target was changed here and stays; the new version is beside it: $target.new"
    fi
    printf '%s  %s\n' "$shipped" "$name" >>"$undo/ledger"
}

place_configuration() {
    local file
    say "Configuration in $etc:"
    : >"$undo/ledger"
    if [ -n "$role" ]; then
        sed "s|/var/lib/ekinerja-agent|$state|g" "$checkout/config/install/$role.yaml" >"$undo/agent.yaml"
        place "$undo/agent.yaml" agent.yaml
        printf '%s\n' "$role" >"$undo/role"
        put_configuration "$undo/role" "$etc/.role"
    fi
    place "$checkout/config/install/devices.yaml" devices.yaml
    while IFS= read -r file; do
        place "$checkout/config/rules/$file" "rules/$file"
    done < <(cd "$checkout/config/rules" && find . -name '*.yaml' -printf '%P\n' | sort)
    put_configuration "$undo/ledger" "$ledger"
}

# --- the program: built beside the running one, then one link is moved ---

build_program() {
    local options=(--quiet --disable-pip-version-check --no-input --no-build-isolation) last
    [ -z "$wheels" ] || options+=(--no-index --find-links "$wheels")
    new=$program/venv-$(date -u +%Y%m%dT%H%M%S)
    say "Building the program in $new ..."
    "$python" -m venv "$new" || fail "$python could not make the virtual environment $new; see above."
    # First what builds packages: nothing is fetched whose digest is not pinned.
    for last in "# --- what the program uses" "# --- what tests use"; do
        awk -v last="$last" 'index($0, last) == 1 { exit } 1' "$checkout/constraints.txt" >"$undo/pins"
        grep -q == "$undo/pins" || continue
        "$new/bin/python" -m pip install "${options[@]}" --require-hashes --no-deps -r "$undo/pins" ||
            fail "The packages could not be installed, or are not those whose digests constraints.txt pins; see above." \
                "Without a network use --wheels DIR."
    done
    "$new/bin/python" -m pip install "${options[@]}" --no-deps "$checkout" ||
        fail "The packages could not be installed; see above. Without a network use --wheels DIR."
    "$new/bin/ekinerja-agent" --version >/dev/null || fail "The program that was built does not start; see above."
}

point_at() {
    # A link is replaced in one step: at no moment is there no program.
    ln -sfn "$1" "$program/venv.next"
    mv -T "$program/venv.next" "$program/venv"
}

move_real_directory() {
    # Installed by hand before there was this script: the scripts within name venv, which the link then is.
    if [ -d "$program/venv" ] && [ ! -L "$program/venv" ]; then
        mv "$program/venv" "$program/venv-by-hand"
        point_at venv-by-hand
    fi
}

running_version() { readlink "$program/venv" || true; }

remove_older_programs() {
    local each
    for each in "$program"/venv-*; do
        case $(basename "$each") in "$(running_version)" | "$before") ;; *) rm -rf "$each" ;; esac
    done
}

# --- the host ---

make_user() {
    [ -z "$root" ] || return 0
    getent group "$staff" >/dev/null || groupadd --system "$staff"
    getent passwd "$user" >/dev/null ||
        useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
}

close_to_others() {
    # Nobody but the service's user writes what lies there, nor reads it. Done as that user, for whom links of its own
    # lead nowhere that is not its own already.
    [ -z "$root" ] || return 0
    as_service find "$state" ! -type l -perm /027 -exec chmod g-w,o-rwx {} +
}

make_directories() {
    local each
    for each in "$etc" "$etc/rules" "$etc/secrets" "$state"; do
        [ -d "$each" ] || install -d -m 0750 "$each"
        [ -n "$root" ] || chown "root:$user" "$each"
    done
    [ -n "$root" ] || chown "$user:$user" "$state"
}

place_for_the_host() {
    local file
    for file in "$checkout"/systemd/*; do put 0644 "$file" "$units/$(basename "$file")"; done
    "$new/bin/python" -m ekinerja_agent.cli.manual "$undo/man" >/dev/null
    for file in man1/ekinerja-agent.1 id/man1/ekinerja-agent.1; do put 0644 "$undo/man/$file" "$shared/man/$file"; done
    put 0644 "$checkout/completions/ekinerja-agent.bash" "$shared/bash-completion/completions/ekinerja-agent"
    put 0644 "$checkout/completions/_ekinerja-agent" "$shared/zsh/vendor-completions/_ekinerja-agent"
    put 0644 "$checkout/completions/ekinerja-agent.fish" "$shared/fish/vendor_completions.d/ekinerja-agent.fish"
    put 0644 "$checkout/README.md" "$shared/doc/ekinerja-agent/README.md"
    while IFS= read -r file; do
        put 0644 "$checkout/docs/$file" "$shared/doc/ekinerja-agent/docs/$file"
    done < <(cd "$checkout/docs" && find . -name '*.md' -printf '%P\n')
    remember "$bin/ekinerja-agent"
    mkdir -p "$bin"
    ln -sfn "$program/venv/bin/ekinerja-agent" "$bin/ekinerja-agent"
}

with_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
reload_systemd() { ! with_systemd || systemctl daemon-reload; }
is_running() { with_systemd && systemctl is-active --quiet ekinerja-agent.service; }
takes_commands() { with_systemd && systemctl is-active --quiet ekinerja-agent-command.socket; }
stop_commands() {
    with_systemd || return 0
    systemctl stop ekinerja-agent-command.socket 'ekinerja-agent-command@*.service' 2>/dev/null || true
}

as_service() {
    if [ -n "$root" ]; then
        (cd / && "$@")
    else
        (cd / && runuser -u "$user" -- "$@")
    fi
}

agent() {
    local venv=$1
    shift
    as_service "$program/$venv/bin/ekinerja-agent" --config "$etc/agent.yaml" "$@"
}

# --- an upgrade ---

check_configuration() {
    ! agent "$(basename "$new")" config check >"$undo/check" 2>&1 || return 0
    cat "$undo/check" >&2
    if [ "$was_right" = yes ]; then
        fail "The new version does not take this configuration, the old one does; see above."
    fi
    say "The configuration is not right yet (above); the service starts when it is."
}

upgrade_database() {
    database=$(as_service "$new/bin/python" -c 'import sys
from pathlib import Path
from ekinerja_agent.config import load
print(load(Path(sys.argv[1])).agent.central.url.partition("://")[0])' "$etc/agent.yaml" 2>/dev/null) || return 0
    [ -n "$before" ] || return 0
    say "Backup before the upgrade:"
    agent "$(basename "$new")" backup make || fail "Without a backup nothing is upgraded."
    case $database in
    sqlite*) agent "$(basename "$new")" db upgrade || fail "The database could not be upgraded and is as it was." ;;
    *) say "The central database is a server: upgrade it there first, as its owner, with: ekinerja-agent db upgrade" ;;
    esac
}

start_service() {
    [ "$was_running" = yes ] || return 0
    say "Starting the service ..."
    systemctl start ekinerja-agent.service || {
        journalctl -u ekinerja-agent --no-pager -n 20 >&2 || true
        fail "The new version does not start; its last words are above."
    }
}

take_commands() {
    [ -z "$root" ] || return 0
    # Whoever switched it off on this host is left in peace.
    [ "$new_socket" = no ] || systemctl enable --quiet ekinerja-agent-command.socket
    if with_systemd && { [ "$new_socket" = yes ] || [ "$took_commands" = yes ]; }; then
        systemctl start ekinerja-agent-command.socket || fail "The socket for commands of staff does not start; see above."
    fi
}

can_go_back() {
    # The old program refuses what a newer one has taken to a newer schema. Only a file is upgraded here.
    [ -n "$before" ] && agent "$before" spool status >/dev/null 2>&1 || return 1
    case $database in sqlite*) agent "$before" account list >/dev/null 2>&1 ;; esac
}

finish() {
    local status=$?
    trap - EXIT
    set +e # taking back goes on to its end
    if [ "$status" != 0 ]; then
        case $stage in
        building)
            [ -z "$new" ] || rm -rf "$new"
            say "Nothing was changed; what ran before still runs." >&2
            ;;
        changing) take_back ;;
        switched)
            if [ -z "$before" ] || can_go_back; then
                ! with_systemd || systemctl stop ekinerja-agent.service || true
                stop_commands
                [ -z "$before" ] || point_at "$before"
                take_back
            else
                say "The data is in the form of the new version already, so it stays: mend what is named above, then" \
                    "systemctl start ekinerja-agent. The backup of before is in $state/backups." >&2
            fi
            ;;
        esac
    fi
    [ -z "$undo" ] || rm -rf "$undo"
    exit "$status"
}

take_back() {
    take_back_files
    rm -rf "$new"
    [ -n "$before" ] || rm -f "$program/venv"
    reload_systemd
    [ "$was_running" = no ] || systemctl start ekinerja-agent.service || true
    [ "$took_commands" = no ] || systemctl start ekinerja-agent-command.socket || true
    if [ -n "$before" ]; then
        say "Everything is as before, and the version of before is in use." >&2
    else
        say "What was put in place was taken away again." >&2
    fi
}

install_or_upgrade() {
    require_root
    require_systemd
    require_checkout
    find_python
    require_wheels
    choose_role
    mkdir -p "$program"
    exec 9>"$program/.lock"
    flock -n 9 || fail "Another installation is running; wait for its end."
    require_room
    undo=$(mktemp -d)
    : >"$undo/created"
    was_running=no took_commands=no
    ! is_running || was_running=yes
    ! takes_commands || took_commands=yes
    new_socket=no
    [ -e "$units/ekinerja-agent-command.socket" ] || new_socket=yes
    trap finish EXIT
    stage=building
    move_real_directory
    before=$(running_version)
    build_program
    was_right=no
    [ -z "$before" ] || ! agent "$before" config check >/dev/null 2>&1 || was_right=yes

    stage=changing
    make_user
    make_directories
    close_to_others
    place_configuration
    place_for_the_host
    reload_systemd
    check_configuration
    stop_commands
    [ "$was_running" = no ] || systemctl stop ekinerja-agent.service
    upgrade_database
    point_at "$(basename "$new")"
    stage=switched
    start_service
    take_commands
    stage=over
    remove_older_programs
    tell_what_next
}

tell_what_next() {
    say "Installed: $("$bin/ekinerja-agent" --version)"
    if [ "$first" = no ]; then
        if [ "$was_running" = yes ]; then
            agent venv doctor --format table || true
        elif with_systemd; then
            say "The service was not running and was not started: systemctl start ekinerja-agent"
        fi
        return
    fi
    if [ -z "$root" ]; then
        systemctl enable --quiet ekinerja-agent.service ekinerja-agent-backup.timer
        if with_systemd; then
            systemctl start ekinerja-agent-backup.timer
        else
            say "systemd is not running here (a chroot or an image): the units are enabled, nothing was started."
        fi
    fi
    say "Now:"
    say "  1. write into $etc/agent.yaml where the central database is, into $etc/devices.yaml the terminals"
    say "  2. ekinerja-agent config check        tells all that is wrong, with file and line"
    say "  3. systemctl start ekinerja-agent     from now on it starts with the machine"
    say "  4. usermod -aG $staff NAME            who may give commands on this host, from the next login on"
    say "  5. ekinerja-agent doctor              tells what is still wrong, and what to do"
}

uninstall() {
    local file
    require_root
    require_systemd
    if with_systemd; then
        systemctl disable --now --quiet ekinerja-agent.service ekinerja-agent-backup.timer \
            ekinerja-agent-command.socket 2>/dev/null || true
        stop_commands
        systemctl stop ekinerja-agent-backup.service 2>/dev/null || true
    elif [ -z "$root" ]; then
        systemctl disable --quiet ekinerja-agent.service ekinerja-agent-backup.timer \
            ekinerja-agent-command.socket 2>/dev/null || true
    fi
    for file in ekinerja-agent.service ekinerja-agent-backup.service ekinerja-agent-backup.timer \
        ekinerja-agent-command.socket ekinerja-agent-command@.service; do
        rm -f "$units/$file"
    done
    reload_systemd
    rm -f "$bin/ekinerja-agent" "$shared/bash-completion/completions/ekinerja-agent" \
        "$shared/zsh/vendor-completions/_ekinerja-agent" "$shared/fish/vendor_completions.d/ekinerja-agent.fish" \
        "$shared/man/man1/ekinerja-agent.1" "$shared/man/id/man1/ekinerja-agent.1"
    rm -rf "$shared/doc/ekinerja-agent" "$program"/venv "$program"/venv-* "$program/.lock"
    rmdir "$program" 2>/dev/null || true
    say "Program and units are removed. Kept, with every punch and every decision:"
    say "  $etc     configuration and rules"
    say "  $state   queue, database and backups"
    say "The user $user and the group $staff stay too: the user owns them. Installing again goes on from there."
}

main() {
    local action=install
    while [ $# -gt 0 ]; do
        case $1 in
        --role | --wheels | --root)
            [ $# -ge 2 ] || fail "$1 needs a value; see --help"
            case $1 in --role) role=$2 ;; --wheels) wheels=$2 ;; --root) root=$2 ;; esac
            shift 2
            ;;
        --uninstall)
            action=uninstall
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "$1 is not an option; see scripts/install.sh --help" ;;
        esac
    done
    leave_this_directory
    [ -z "$root" ] || mkdir -p "$root"
    program=$root/opt/ekinerja-agent
    etc=$root/etc/ekinerja-agent
    state=$root/var/lib/ekinerja-agent
    units=$root/etc/systemd/system
    bin=$root/usr/local/bin
    shared=$root/usr/local/share
    ledger=$etc/.installed
    if [ "$action" = uninstall ]; then uninstall; else install_or_upgrade; fi
}

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
user=ekinerja
staff=ekinerja-staff
needed_kib=$((700 * 1024))
role="" wheels="" root="" undo="" new="" before="" stage="" database="" new_socket=no took_commands=no
umask 022
main "$@"
