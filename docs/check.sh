#!/bin/sh
# Checks a record's bundle (docs/VERIFY.md) with openssl, sha256sum, base64 and the usual tools of a shell:
#   sh check.sh VKEY        in the folder that the bundle unpacks to; VKEY is the register's key, from elsewhere
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")"
vkey=${1:?give the key of the register, as printed}
number=$(basename "$PWD" | sed 's/^mingbai-//')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ok() { echo "✓ $1"; }
no() { echo "✗ $1" >&2; exit 1; }
sha() { openssl dgst -sha256 -binary; }

# key VKEY FILE: the Ed25519 key as openssl reads it; the eight digits in the middle guard against slips.
key() {
  name=${1%%+*}
  printf '%s' "${1#*+*+}" | base64 -d >"$work/typed"
  digits=$({ printf '%s\n' "$name"; cat "$work/typed"; } | sha256sum | cut -c 1-8)
  [ "$name+$digits+$(base64 <"$work/typed" | tr -d '\n')" = "$1" ] || no "密钥抄错了 / not a key: $1"
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$work/typed"; } >"$2"
}

# signature NOTE VKEY: the bytes of that key's signature under the note: its name and its four bytes of id match.
signature() {
  id=${2#*+}
  : >"$work/signature"
  for line in $(awk -v name="${2%%+*}" '$1 == "—" && $2 == name { print $3 }' "$1"); do
    printf '%s' "$line" | base64 -d >"$work/line"
    [ "$(head -c 4 "$work/line" | od -An -tx1 | tr -d ' \n')" = "${id%%+*}" ] || continue
    tail -c 64 "$work/line" >"$work/signature"
  done
  [ -s "$work/signature" ]
}

# signed TEXT VKEY: what `signature` found is this key's over the text.
signed() {
  key "$2" "$work/key"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$1" \
    -sigfile "$work/signature" >"$work/told" 2>&1
}

# included N: entry N hashes, step by step, to the root that the register's key signed.
included() {
  [ "$(sed -n 2p "entries/$1/proof.txt")" = "index $1" ] || return 1
  sed '1,/^$/d' "entries/$1/proof.txt" >"$work/checkpoint"
  sed '/^$/,$d' "$work/checkpoint" >"$work/head"
  signature "$work/checkpoint" "$vkey" && signed "$work/head" "$vkey" || return 1
  [ "$(head -n 1 "$work/head")" = "${vkey%%+*}" ] || return 1
  index=$1
  last=$(($(sed -n 2p "$work/head") - 1))
  [ "$index" -le "$last" ] || return 1
  { printf '\000'; cat "entries/$1/note.txt"; } | sha >"$work/hash"
  for sibling in $(sed -n '3,/^$/p' "entries/$1/proof.txt"); do
    printf '%s' "$sibling" | base64 -d >"$work/sibling"
    [ "$last" -gt 0 ] || return 1
    if [ $((index % 2)) -eq 1 ] || [ "$index" -eq "$last" ]; then
      { printf '\001'; cat "$work/sibling" "$work/hash"; } | sha >"$work/next"
      while [ $((index % 2)) -eq 0 ] && [ "$index" -ne 0 ]; do
        index=$((index / 2)) last=$((last / 2))
      done
    else
      { printf '\001'; cat "$work/hash" "$work/sibling"; } | sha >"$work/next"
    fi
    mv "$work/next" "$work/hash"
    index=$((index / 2)) last=$((last / 2))
  done
  [ "$last" -eq 0 ] && [ "$(base64 <"$work/hash")" = "$(sed -n 3p "$work/head")" ]
}

# field NAME FILE: the text of a field of a statement.
field() { sed -n "1s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }

sha256sum -c SHA256SUMS >"$work/told" 2>&1 || no "文件与清单不符 / not as listed: $(grep -v ': OK$' "$work/told" | head -n 1)"
ok "文件齐全 / all files as listed"

# In order: entry 0 is the office's own key; each later entry is signed by keys that an earlier one enrolled, for the same
# village or by the office. A line of the list: role, village, key.
enrol() { echo "$(field role "$1") $(field village "$1") $(field key "$1")" >>"$work/keys"; }
: >"$work/keys"
for n in $(ls entries | sort -n); do
  note=entries/$n/note.txt
  included "$n" || no "第 $n 号不在登记册里，或登记册的签名是假的 / entry $n is not in the signed register"
  head -n 1 "$note" >"$work/text"
  [ "$n" != 0 ] || enrol "$note"
  signers=0
  while read -r role village known; do
    [ "$role" = office ] || [ "$village" = "$(field village "$note")" ] || continue
    signature "$note" "$known" || continue
    signed "$work/text" "$known" || no "第 $n 号的签名是假的 / a signature under entry $n is false"
    [ "$role" = supervisor ] || signers=$((signers + 1))
    [ "$n" != "$number" ] || echo "  ${known%%+*}"
  done <"$work/keys"
  [ "$signers" -gt 0 ] || no "第 $n 号没有登记过的密钥签名 / entry $n is not signed by a key that was enrolled"
  [ "$n" = 0 ] || [ "$(field act "$note")" != enrol ] || enrol "$note"
done
[ -f "entries/$number/note.txt" ] || no "包里没有第 $number 号 / entry $number is missing"
ok "第 $number 号在登记册里，签名是真的 / entry $number stands in the register, rightly signed"

content=$(field content "entries/$number/note.txt")
if [ -f content.json ]; then
  [ "$(sha256sum <content.json | cut -c 1-64)" = "$content" ] || no "内容被改动过 / the content was changed"
  ok "内容没有改过 / the content is the one that was signed"
  for hash in $(grep -oE '"(sha256|thumb)":"[0-9a-f]{64}"' content.json | cut -d '"' -f 4 | sort -u); do
    [ -f "images/$hash.jpg" ] || continue # a video
    [ "$(sha256sum <"images/$hash.jpg" | cut -c 1-64)" = "$hash" ] || no "图片被改动过 / a picture was changed: $hash"
  done
  for image in images/*; do
    [ -f "$image" ] || continue
    grep -q "$(basename "$image" .jpg)" content.json || no "内容里没有这张图片 / not a picture of the content: $image"
  done
  ok "图片没有改过 / the pictures are those that the content names"
elif [ -n "$content" ]; then
  grep -q '"kind":"withdrawal"' entries/*/note.txt || no "缺少内容 / the content is missing"
  ok "内容已撤回 / the content was withdrawn"
fi
ok "核验通过 / verified"
