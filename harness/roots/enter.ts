// SPDX-License-Identifier: Apache-2.0
/**
 * Enters a copy of the root $1 whose changes are in $2, with the files of $3 at /srv. The mounts are this process's own. Its Node.js is
 * there where $4 says so.
 */
const ENTER = `
set -e
mkdir -p "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
[ "$4" = with-node ] || rm -f "$2/root/usr/bin/node"
for folder in proc sys dev; do mount --rbind "/$folder" "$2/root/$folder"; done
mount --bind "$3" "$2/root/srv"
root=$2/root
shift 4
exec chroot "$root" /bin/env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
`;

/**
 * The words before a command that is to run in a root file system, with the kernel's own file systems of this host.
 *
 * @param changes a folder for what is written there, for as long as the root is to remember it
 * @param files the folder that is at /srv
 */
export function enterRoot(root: string, changes: string, files: string, { node = false } = {}): string[] {
  return ['unshare', '--mount', 'sh', '-c', ENTER, 'enter', root, changes, files, node ? 'with-node' : 'without-node'];
}
