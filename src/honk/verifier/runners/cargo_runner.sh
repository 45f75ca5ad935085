# Runs a cargo workspace's tests and tells of each. Words: cargo, then the options of all its calls.
# libtest writes each result into a log file of its own: what tests print, however it looks, lies elsewhere. Only this
# shell holds the channel (3), and it reads the nonce from where no other process can.
IFS= read -r nonce
exec < /dev/null
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cargo=$1
shift
# Where the set-up had crates from goes before what the tree says.
[ ! -e "$CARGO_HOME/config.toml" ] || set -- "$@" --config "$CARGO_HOME/config.toml"

tell() { # KIND: the lines of standard input
    while IFS= read -r line || [ -n "$line" ]; do printf '%s %s %s\n' "$nonce" "$1" "$line" >&3; done
}

finish() {
    echo "$1" | tell end
    exit "$1"
}

# cargo starts each test binary through this: first what there is in it, then a run, with all that cargo sets.
cat > "$dir/each" << 'END'
run=$1 exe=$2
mkdir -p "$run" && n=$(ls "$run" | grep -c '[.]exe$')
printf '%s\n' "$exe" > "$run/$n.exe"
RUSTC_BOOTSTRAP=1 "$exe" -Z unstable-options --list --format json > "$run/$n.list" 2> /dev/null || : > "$run/$n.list"
"$exe" --logfile "$run/$n.log" > "$run/$n.out" 2>&1
echo "$?" > "$run/$n.code"
cat "$run/$n.out"
END

"$cargo" test --no-run --message-format=json "$@" > "$dir/built" 3>&-
code=$?
grep -e '"level":"error"' -e '"executable":"/' "$dir/built" | tell built
[ "$code" = 0 ] || finish 1

host=$(rustc -vV 3>&- | sed -n 's/^host: //p' | tr 'a-z.-' 'A-Z__')
env "CARGO_TARGET_${host}_RUNNER=/bin/sh $dir/each $dir/run" "$cargo" test --tests --no-fail-fast "$@" >&2 3>&- || code=1
for exe in "$dir"/run/*.exe; do
    [ -e "$exe" ] || break
    one=${exe%.exe}
    tell binary < "$exe"
    tell listed < "$one.list"
    [ ! -e "$one.log" ] || tell result < "$one.log"
    ended=$(cat "$one.code" 2> /dev/null) && echo "$ended" | tell left
    [ "$ended" = 0 ] || code=1
    [ "$ended" = 0 ] || head -c 1000000 "$one.out" | tell out
done

if [ "$HONK_DOCTESTS" = yes ]; then
    {
        "$cargo" test --doc --no-fail-fast "$@" -- --logfile /dev/fd/4 4>&1 > "$dir/doc.out" 2> "$dir/doc.err" 3>&-
        echo "$?" > "$dir/doc.code"
    } | cat > "$dir/doc.log"
    cat "$dir/doc.out" "$dir/doc.err" >&2
    echo doctests | tell binary
    tell result < "$dir/doc.log"
    ended=$(cat "$dir/doc.code")
    ! grep -q 'no library targets found' "$dir/doc.err" || ended=0
    echo "$ended" | tell left
    [ "$ended" = 0 ] || code=1
    [ "$ended" = 0 ] || head -c 1000000 "$dir/doc.out" | tell out
fi
finish "$code"
