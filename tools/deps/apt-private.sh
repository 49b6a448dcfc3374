# Sourced: an apt of our own beside the system's, which stays as it is.
#
# apt_private_begin DIR    prepares DIR; takes mirrors and keys from the system's own sources, and
#                          adds source packages, which most systems leave out
# apt_private ARGS...      apt-get with that state
# apt_private_cache ARGS...  apt-cache with it

apt_here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

apt_private_begin() {
    apt_dir=$(realpath -m "$1")
    mkdir -p "$apt_dir/sources" "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
    "$apt_here/debian-sources" >"$apt_dir/sources/debian.sources" || return 1
    apt_options=(
        -q
        -o Dir::Etc::SourceList=/dev/null
        -o Dir::Etc::SourceParts="$apt_dir/sources"
        -o Dir::State::Lists="$apt_dir/lists"
        -o Dir::Cache="$apt_dir/cache"
        -o APT::Sandbox::User=root
        -o APT::Get::List-Cleanup=false
    )
    # An index of today serves the other script too.
    if [ -z "$(find "$apt_dir/updated" -newer "$apt_here/debian-sources" -mmin -720 2>/dev/null)" ]; then
        if ! apt_private update >"$apt_dir/log" 2>&1; then
            cat "$apt_dir/log" >&2
            echo "deps: the Debian package index could not be read" >&2
            return 1
        fi
        touch "$apt_dir/updated"
    fi
}

apt_private() {
    apt-get "${apt_options[@]}" "$@" </dev/null
}

apt_private_cache() {
    apt-cache "${apt_options[@]}" "$@" </dev/null
}
