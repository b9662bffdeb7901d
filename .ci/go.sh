# Sourced by .ci/run. Go 1.25 or later: distributions have older ones. Since 1.21 they fetch a newer one by themselves; for
# those before, it is the same module, fetched by name (golang.org/toolchain, https://go.dev/doc/toolchain).
go_toolchain=1.26.8

has_new_go() {
  (cd agents/go && go version 2>/dev/null) | grep -Eq 'go1\.(2[5-9]|[3-9][0-9])'
}

if command -v go >/dev/null && ! has_new_go; then
  go_home="${XDG_CACHE_HOME:-$HOME/.cache}/everflame/go$go_toolchain"
  if [ ! -x "$go_home/bin/go" ]; then
    module="golang.org/toolchain@v0.0.1-go$go_toolchain.$(go env GOOS)-$(go env GOARCH)"
    found=$(cd / && go mod download -json "$module" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
    mkdir -p "$(dirname "$go_home")"
    cp -R "$found" "$go_home.$$"
    chmod -R u+w "$go_home.$$"
    # Modules are unpacked without the right to run what is in them.
    find "$go_home.$$/bin" "$go_home.$$/pkg/tool" -type f -exec chmod +x {} +
    mv "$go_home.$$" "$go_home"
  fi
  unset GOROOT
  export PATH="$go_home/bin:$PATH" GOTOOLCHAIN=local
fi
