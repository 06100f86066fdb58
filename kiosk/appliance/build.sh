#!/bin/sh
# Makes the kiosk's read-only image: target/appliance/{vmlinuz,initrd.zst,root.sqfs}. Needs root (as mmdebstrap does), the
# packages of `make packages-appliance`, and a Debian mirror. The root without the kiosk is kept, and made anew when the list of
# packages changes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
house=$(cd "$here/../.." && pwd)
out=$house/target/appliance
root=$out/root
mkdir -p "$out"

list=$(grep -v '^#' "$here/packages" | grep . | paste -sd, -)
if [ "$(cat "$out/root.made" 2>/dev/null)" != "$list" ]; then
    rm -rf "$root" "$out/root.made"
    nice mmdebstrap --quiet --variant=minbase --include="$list" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' \
        bookworm "$root"
    echo "$list" >"$out/root.made"
fi
kernel=$(basename "$root"/lib/modules/*)

# The initramfs: what finds and mounts the image. On a virtual machine the first list is enough.
virtual='virtio_pci virtio_blk squashfs overlay'
machines='ahci sd_mod nvme mmc_block sdhci_pci sdhci_acpi xhci_pci usb_storage uas'
initrd=$out/initrd
rm -rf "$initrd"
mkdir -p "$initrd/bin" "$initrd/lib"
cp "$(command -v busybox)" "$initrd/bin/busybox"
install -m 755 "$here/init" "$initrd/init"
modules_of() {
    for module in $1; do
        # `modprobe` says in which order: what a module needs comes first. What is built into the kernel it calls so.
        modprobe --dirname "$root" --set-version "$kernel" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++' | while read -r file; do
        cp "$file" "$initrd/lib/"
        basename "$file"
    done
}
modules_of "$virtual" >"$initrd/modules"
modules_of "$machines" >"$initrd/modules-of-machines"
(cd "$initrd" && find . | cpio --quiet -o -H newc | zstd -q -19 -f -o "$out/initrd.zst")
cp "$root/boot/vmlinuz-$kernel" "$out/vmlinuz"

# The kiosk for a screen without X: other features than everybody's build, so another folder.
(cd "$house" && nice cargo build --release --locked -p mingbai-kiosk --no-default-features --features kms --target-dir target/kms)

# What is ours in the root.
install -m 755 "$house/target/kms/release/mingbai-kiosk" "$root/usr/local/bin/mingbai-kiosk"
install -m 644 "$here/mingbai-kiosk.service" "$root/etc/systemd/system/mingbai-kiosk.service"
install -m 755 "$here/turn-touch" "$root/usr/local/bin/mingbai-turn-touch"
mkdir -p "$root/var/lib/mingbai" "$root/etc/systemd/network" "$root/etc/systemd/system/multi-user.target.wants"
install -m 644 "$here/wired.network" "$root/etc/systemd/network/wired.network"
printf 'LABEL=mingbai-data /var/lib/mingbai ext4 noatime,nodev,nosuid,noexec,nofail,x-systemd.device-timeout=120s 0 2\n' >"$root/etc/fstab"
echo kiosk >"$root/etc/hostname"
: >"$root/etc/machine-id"
ln -sf /etc/systemd/system/mingbai-kiosk.service "$root/etc/systemd/system/multi-user.target.wants/mingbai-kiosk.service"
for unit in systemd-networkd systemd-timesyncd; do
    ln -sf "/lib/systemd/system/$unit.service" "$root/etc/systemd/system/multi-user.target.wants/$unit.service"
done
# Nobody signs in here; the screen is the kiosk's.
for unit in getty@tty1 serial-getty@ttyS0 getty-static console-getty apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer fstrim.timer systemd-update-utmp systemd-update-utmp-runlevel systemd-firstboot systemd-binfmt \
    systemd-pcrphase systemd-pcrphase-sysinit; do
    case $unit in *.timer) name=$unit ;; *) name=$unit.service ;; esac
    ln -sf /dev/null "$root/etc/systemd/system/$name"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\nForwardToConsole=yes\nMaxLevelConsole=notice\nTTYPath=/dev/ttyS0\n' >"$root/etc/systemd/journald.conf.d/kiosk.conf"

# Other faces of the same font are left out, and the rest is listed beforehand: no start has to look through them.
fonts=$root/usr/share/fonts/opentype/noto
rm -f "$fonts"/NotoSerif* "$fonts"/*-Light* "$fonts"/*-Thin* "$fonts"/*-Black* "$fonts"/*-Medium* "$fonts"/*-DemiLight*
chroot "$root" fc-cache --really-force --system-only

# Left out: what only a package manager needs, and hardware that no kiosk has.
rm -f "$out/root.sqfs"
nice mksquashfs "$root" "$out/root.sqfs" -quiet -no-progress -comp zstd -Xcompression-level 15 -noappend -wildcards -e \
    'boot/*' 'initrd.img*' 'vmlinuz*' 'var/cache/apt' 'var/cache/debconf' 'var/lib/apt/*' 'var/lib/dpkg/info/*' 'var/log/*' 'tmp/*' \
    'usr/lib/*/gconv/*' \
    "lib/modules/*/kernel/drivers/net/wireless" "lib/modules/*/kernel/drivers/media" "lib/modules/*/kernel/drivers/infiniband" \
    "lib/modules/*/kernel/drivers/scsi" "lib/modules/*/kernel/drivers/gpu/drm/amd" "lib/modules/*/kernel/drivers/gpu/drm/nouveau" \
    "lib/modules/*/kernel/drivers/gpu/drm/radeon" "lib/modules/*/kernel/fs/xfs" "lib/modules/*/kernel/fs/btrfs" \
    "lib/modules/*/kernel/fs/ocfs2"
ls -lh "$out/vmlinuz" "$out/initrd.zst" "$out/root.sqfs"
