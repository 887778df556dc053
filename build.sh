#!/usr/bin/env bash
# The front door: needs bash and a Python 3.11 to 3.14, and installs what a word takes into .venv
# and .tools, from PyPI the first time.
set -euo pipefail

exec 3>&2

# Says so once, whoever of us was told to stop.
stopped() {
  case $? in 129 | 130 | 143) echo "Stopped; nothing is left running." >&3 ;; esac
}
trap stopped EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: ./build.sh WORD [OPTIONS]

  demo    run the whole story on a local AWS: no account, no docker
  test    run everything that CI runs; more words go to pytest (test -k name)
  build   make build/bundle/ and build/bundle.zip, which is what Lambda runs
          beside it: bundle.cdx.json (an SBOM) and bundle.sha256 (checksums)
  deploy [REGION] [PROFILE] [--bucket NAME] [--stack-name NAME]
         [--parameter-overrides NAME=VALUE ...] [--accept-fewer-rights]
         [--tags KEY=VALUE ...] [--role-arn ARN] [--signing-profile NAME]
         [--no-execute-changeset] [--skip-preflight]
          deploy template.yaml as stack StackSetCustomResource and print its export
  package TEMPLATE --bucket NAME [--prefix PREFIX] [--output FILE] [--profile PROFILE]
          upload what a template with Custom::StackSet resources names by local paths,
          and write it with their addresses (see docs/guide.md)
  stackset WORD ...
          the command for authors and operators: validate, status, explain, report, export, stop
  help    print this text; also --help, and `./build.sh WORD --help` for a word's own options

./build.sh REGION [PROFILE] means ./build.sh deploy REGION [PROFILE].
TEXT
}

# Prints the best Python there is: that of the Lambda runtime, else the nearest that works.
find_python() {
  local version candidate
  for version in 3.13 3.14 3.12 3.11; do
    for candidate in .venv/bin/python \
      "python$version" python3 python \
      "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python \
      "$HOME/.local/share/uv/python/cpython-$version".*/bin/python; do
      if { "$candidate" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$version')"; } 2>/dev/null; then
        # Not the environment's own: that one may be made anew.
        "$candidate" -c 'import sys; print(sys._base_executable)' 2>/dev/null
        return
      fi
    done
  done
  local found
  found=$(python3 --version 2>&1) || found="no python3"
  echo "build.sh needs Python 3.11 to 3.14 with its venv module, best 3.13; found: $found." \
    "Install one (pyenv install 3.13, uv python install 3.13, or your system's python3 and python3-venv)." >&2
  return 1
}

# Makes the named environment if need be and prints its interpreter.
environment() {
  step "$base" tools.environments "$1"
}

# Told to stop, a Python that is just starting would show where it was: it hears it a moment later.
patient=(env)
if env --block-signal=INT,TERM,HUP true 2>/dev/null; then
  patient+=(--block-signal="INT,TERM,HUP")
fi

# Runs a module of ours that is not the last.
step() {
  "${patient[@]}" "$1" -m tools.start --step "${@:2}"
}

word=${1:-help}
case $word in
  -h | --help | help)
    usage
    exit
    ;;
  demo | test | build | deploy | package | stackset) shift ;;
  *)
    if [[ ! $word =~ ^[a-z]{2,4}(-[a-z]+)+-[0-9]+$ ]]; then
      echo "build.sh: '$word' is neither a word of mine nor a region; see ./build.sh --help." >&2
      exit 2
    fi
    word=deploy
    ;;
esac

if [[ $word == demo && $# -gt 0 && $1 != -h && $1 != --help ]]; then
  echo "build.sh: demo has no option '$1'; see ./build.sh demo --help." >&2
  exit 2
fi

# Words of ours and of the programs that we start come out in the order they were said.
export PYTHONUNBUFFERED=1
base=$(find_python)
if [[ $word == stackset ]]; then
  # Apart as well: it reads the caller's own files, and nothing in his folder comes before ours.
  root=$PWD
  python=$(environment command)
  cd "$caller"
  PYTHONPATH=$root exec "$python" -P -m cli.main "$@"
fi
for each in "$@"; do
  if [[ $each == -h || $each == --help ]]; then
    if [[ $word == package ]]; then exec "$base" tools/package.py --help; fi
    exec "$base" -m tools.options "$word"
  fi
done
if [[ $word == package ]]; then
  # Apart from all others: it needs nothing but the AWS CLI, and reads the caller's own files.
  root=$PWD
  awscli=$(environment awscli)
  cd "$caller"
  exec "$awscli" "$root/tools/package.py" "$@"
fi
step "$base" tools.needs "$word"
if [[ $word == deploy ]]; then
  python=$(environment deploy)
else
  python=$(environment project)
fi
case $word in
  demo)
    emulator=$(environment emulator)
    # What runs here, which may have another Python than Lambda.
    echo "Building what Lambda runs ..." >&2
    step "$python" tools.bundle --runs-here --output build/here/bundle >/dev/null
    exec "${patient[@]}" "$python" -m tools.start emulator.demo.__main__ --emulator-python "$emulator" \
      --bundle build/here/bundle.zip "$@"
    ;;
  test) exec "${patient[@]}" "$python" -m tools.start tools.checks "$@" ;;
  *) exec "${patient[@]}" "$python" -m tools.start "tools.$([[ $word == build ]] && echo bundle || echo deploy)" "$@" ;;
esac
