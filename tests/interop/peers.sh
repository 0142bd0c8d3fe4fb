#!/bin/bash
# peers.sh: tools of the field try an archive and its signatures: cosign, skopeo, podman, oras, crane, umoci, docker, ctr.
#
#   tests/interop/peers.sh ARCHIVE PUBLIC-KEY
#
# Uses what is in PATH, says "skip" for what is not there or cannot run here (MUST_WORK=1 makes that a failure), and leaves nothing behind. A registry and a
# docker daemon, where their programs exist, are started on loopback and a socket of their own, and ended by process id.
set -u
[ $# = 2 ] || { sed -n 2,7p "$0"; exit 2; }
archive=$(readlink -f "$1") key=$(readlink -f "$2")
work=$(mktemp -d) || exit 2
pids=() failed=0 n=0
# What the tools keep stays in $work as well.
export HOME=$work XDG_RUNTIME_DIR=$work/run XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config TMPDIR=$work/tmp
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME/containers" "$TMPDIR" "$work/layout"

finish() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null; done
	grep -o " $work/[^ ]*" /proc/self/mounts | sort -r | while read -r m; do umount -l "$m" 2>/dev/null; done
	chmod -R u+rwX "$work" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT

ok() { n=$((n + 1)); echo "ok $n - $1"; }
bad() { n=$((n + 1)); failed=$((failed + 1)); echo "not ok $n - $1"; sed 's/^/# /' "$work/log" | tail -n 15; }
skip() { if [ "${MUST_WORK:-}" = 1 ]; then bad "$1: $2"; else n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; fi; }
# try NAME COMMAND...: the command must succeed.
try() { local name=$1; shift; if "$@" >"$work/log" 2>&1; then ok "$name"; else bad "$name"; fi; }
# refuse NAME COMMAND...: the command must fail.
refuse() { local name=$1; shift; if "$@" >"$work/log" 2>&1; then bad "$name"; else ok "$name"; fi; }
same() { echo "got $2, expected $3" >"$work/log"; if [ "$2" = "$3" ]; then ok "$1"; else bad "$1"; fi; }
have() { command -v "$1" >/dev/null; }
# await COMMAND...: until it succeeds, ten seconds at most.
await() { local _; for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2" | head -n 1; }

tar -xf "$archive" -C "$work/layout" || exit 2
layout=$work/layout
manifest=$(field digest "$layout/index.json")
tag=$(field org.opencontainers.image.ref.name "$layout/index.json")
name=$(field io.containerd.image.name "$layout/index.json")
hex=${manifest#sha256:}
legacy=$(cd "$layout/blobs/sha256" && grep -l 'dev.cosignproject.cosign/signature' -- * | head -n 1)
echo "# $name is $manifest"

if have cosign; then
	try "cosign verifies the extracted layout" cosign verify --local-image --key "$key" --insecure-ignore-tlog=true "$layout"
	openssl ecparam -name prime256v1 -genkey -noout -out "$work/other.key" 2>/dev/null && openssl ec -in "$work/other.key" -pubout -out "$work/other.pub" 2>/dev/null
	refuse "cosign refuses another key" cosign verify --local-image --key "$work/other.pub" --insecure-ignore-tlog=true "$layout"
else skip cosign "not installed"; fi

if have skopeo; then
	echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/any.json"
	try "skopeo reads the one image without a name" skopeo inspect "oci-archive:$archive"
	try "skopeo copies the image by its tag" skopeo --policy "$work/any.json" copy "oci-archive:$archive:$tag" "dir:$work/skopeo"
	same "skopeo keeps the manifest's digest" "sha256:$(sha256sum <"$work/skopeo/manifest.json" | cut -d' ' -f1)" "$manifest"
	try "skopeo reads the docker-archive half" skopeo inspect "docker-archive:$archive"
else skip skopeo "not installed"; fi

if have oras; then
	same "oras reads the archive by its tag" "sha256:$(oras manifest fetch --oci-layout "$archive:$tag" 2>/dev/null | sha256sum | cut -d' ' -f1)" "$manifest"
	try "oras copies it" oras cp --from-oci-layout "$archive:$tag" --to-oci-layout "$work/oras:$tag"
else skip oras "not installed"; fi

if have umoci; then
	if [ "$(id -u)" = 0 ]; then rootless=(); else rootless=(--rootless); fi
	if grep -q 'tar+zstd' "$layout/blobs/sha256/$hex" && umoci --version | grep -q 'version 0\.[0-4]\.'; then
		skip "umoci unpacks it" "umoci before 0.5 knows no zstd"
	else
		try "umoci unpacks it" umoci unpack "${rootless[@]}" --image "$layout:$tag" "$work/umoci"
	fi
else skip umoci "not installed"; fi

registry=
if have docker-registry; then
	port=$((20000 + $$ % 20000))
	printf 'version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: %s/registry } }\nhttp: { addr: "127.0.0.1:%s" }\n' "$work" "$port" >"$work/registry.yml"
	docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
	pids+=($!)
	if await bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"; then registry=127.0.0.1:$port; else cp "$work/registry.log" "$work/log"; bad "a registry starts"; fi
else skip "registry" "docker-registry is not installed"; fi

if [ -n "$registry" ] && have crane; then
	try "crane pushes the layout" crane push "$layout" "$registry/crane/app:$tag" --insecure
	same "crane keeps the manifest's digest" "$(crane digest "$registry/crane/app:$tag" --insecure 2>/dev/null)" "$manifest"
else skip crane "it or a registry is missing"; fi

# The legacy signature where skopeo, podman and CRI-O look for it: under the tag sha256-HEX.sig.
if [ -n "$registry" ] && have skopeo && have oras && [ -n "$legacy" ]; then
	# oras learns the type of a manifest from an index, and ours rightly does not list this one.
	mkdir "$work/signature" && cp -r "$layout/blobs" "$layout/oci-layout" "$work/signature"
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"sig"}}]}' \
		"$legacy" "$(stat -c %s "$layout/blobs/sha256/$legacy")" >"$work/signature/index.json"
	skopeo --policy "$work/any.json" copy --dest-tls-verify=false "oci-archive:$archive:$tag" "docker://$registry/demo/app:$tag" >"$work/log" 2>&1 &&
		oras cp --to-plain-http --from-oci-layout "$work/signature:sig" "$registry/demo/app:sha256-$hex.sig" >>"$work/log" 2>&1 || bad "the image and its signature go to a registry"
	repository=${name%:*}
	for which in key other; do
		if [ $which = key ]; then pub=$key; else pub=$work/other.pub; fi
		printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s":[{"type":"sigstoreSigned","keyPath":"%s","signedIdentity":{"type":"exactRepository","dockerRepository":"%s"}}]}}}' \
			"$registry" "$pub" "$repository" >"$work/policy-$which.json"
	done
	mkdir -p "$work/registries.d"
	printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$registry" >"$work/registries.d/here.yaml"
	pull=(skopeo --registries.d "$work/registries.d" --policy)
	try "skopeo's policy takes the legacy signature" "${pull[@]}" "$work/policy-key.json" copy --src-tls-verify=false "docker://$registry/demo/app:$tag" "dir:$work/signed" --remove-signatures
	[ -f "$work/other.pub" ] && refuse "skopeo's policy refuses another key" "${pull[@]}" "$work/policy-other.json" copy --src-tls-verify=false "docker://$registry/demo/app:$tag" "dir:$work/unsigned" --remove-signatures
else skip "skopeo's policy" "it needs skopeo, oras, a registry and a signed archive"; fi

if have podman; then
	pod=(podman --root "$work/podman" --runroot "$work/podman-run" --storage-driver vfs --cgroup-manager cgroupfs)
	if "${pod[@]}" info >"$work/log" 2>&1; then
		try "podman loads it" "${pod[@]}" load --signature-policy "$work/any.json" -i "$archive"
		same "podman keeps the manifest's digest" "$("${pod[@]}" image inspect --format '{{.Digest}}' "$name" 2>/dev/null)" "$manifest"
	else skip "podman loads it" "podman does not run here"; fi
else skip podman "not installed"; fi

if have dockerd && [ "$(id -u)" = 0 ]; then
	for store in classic containerd; do
		sock=$work/docker-$store.sock
		[ $store = containerd ] && feature=true || feature=false
		printf '{"features":{"containerd-snapshotter":%s}}' $feature >"$work/daemon-$store.json"
		dockerd --config-file "$work/daemon-$store.json" --data-root "$work/docker-$store" --exec-root "$work/exec-$store" -p "$work/docker-$store.pid" -H "unix://$sock" \
			--storage-driver "$([ $store = containerd ] && echo native || echo vfs)" --iptables=false --ip6tables=false --bridge=none >"$work/dockerd-$store.log" 2>&1 &
		daemon=$!
		pids+=("$daemon")
		if ! await docker -H "unix://$sock" info; then
			skip "docker ($store store) loads it" "dockerd does not run here: $(tail -n 1 "$work/dockerd-$store.log" | cut -c1-150)"
		else
			try "docker ($store store) loads it" docker -H "unix://$sock" load -i "$archive"
			try "docker ($store store) knows it by its name" docker -H "unix://$sock" image inspect "$name"
			if [ $store = containerd ] && have ctr; then
				try "ctr imports it" ctr -a "$work/exec-$store/containerd/containerd.sock" -n interop images import --no-unpack "$archive"
				same "ctr keeps name and digest" "$(ctr -a "$work/exec-$store/containerd/containerd.sock" -n interop images ls 2>/dev/null | grep -F "$name" | grep -o 'sha256:[0-9a-f]*' | head -n 1)" "$manifest"
			fi
		fi
		kill $daemon 2>/dev/null
		wait $daemon 2>/dev/null
	done
else skip docker "no dockerd, or not root"; fi

echo "1..$n"
[ $failed = 0 ]
