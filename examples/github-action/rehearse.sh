#!/usr/bin/env bash
# Asks `autosim check` for every claim in CLAIMS, one a line, and appends the verdicts to the summary of the job.
# Needs `autosim` on the path. Ends as it does: 0 every claim holds, 1 one fails, 2 something cannot be used.
set -euo pipefail

claims=()
while IFS= read -r claim; do
  claim="${claim#"${claim%%[![:space:]]*}"}"
  claim="${claim%"${claim##*[![:space:]]}"}"
  if [ -n "$claim" ]; then claims+=(--assert "$claim"); fi
done <<<"${CLAIMS:-}"
if [ "${#claims[@]}" = 0 ]; then
  echo "no claims: write for example 'p99<300ms', one a line" >&2
  exit 2
fi

baseline=()
if [ -n "${BASELINE:-}" ]; then baseline=(--baseline "$BASELINE"); fi

code=0
# Several scenarios are separated by blanks.
# shellcheck disable=SC2086
verdicts="$(autosim check $SCENARIO "${claims[@]}" ${baseline[@]+"${baseline[@]}"} --junit "${JUNIT:-autosim-junit.xml}")" || code=$?
printf '%s\n' "$verdicts"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  printf '```\n%s\n```\n' "$verdicts" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
