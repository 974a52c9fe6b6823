#!/bin/sh
# A policy in POSIX shell: a replica for every two requests, and one more. docs/stdio.md has the lines.

while read -r line; do
    case $line in
    *'"type":"hello"'*) echo '{"version": 1}' ;;
    *'"type":"reset"'*) echo '{}' ;;
    *)
        load=${line##*\"ongoing_requests\":}
        load=${load%%[,\}]*}
        desired=${line##*\"desired\":}
        desired=${desired%%,*}
        case $load in
        null) echo "{\"count\": $desired, \"reason\": \"no data\"}" ;;
        *) echo "{\"count\": $((${load%%.*} / 2 + 1)), \"reason\": \"$load requests\"}" ;;
        esac
        ;;
    esac
done
