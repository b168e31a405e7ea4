# The sh blocks of a document, but those under "<!-- not run: ... -->", each behind a line that says where it stands.
/^<!-- not run: .+ -->$/ { skipped = 1; next }
/^```sh$/ { inside = 1; if (!skipped) printf "echo '--- %s:%d'\n", FILENAME, FNR; next }
/^```/ { if (inside) { inside = 0; skipped = 0 } next }
inside && !skipped { print }
