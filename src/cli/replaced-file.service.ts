import { open, rename, rm, stat } from 'node:fs/promises';

/** Replaces a file as a whole, so that whoever watches it never reads half of it; its owner and mode stay. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(path);
  const draft = `${path}.${process.pid}.new`;
  const file = await open(draft, 'wx', mode);
  try {
    const made = await file.stat();
    // A node that runs as somebody else could not read it any more.
    if (made.uid !== uid || made.gid !== gid) await file.chown(uid, gid);
    // After the owner, whose change takes bits away, and whatever the umask says.
    await file.chmod(mode & 0o7777);
    await file.writeFile(text);
    await file.sync();
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
}
