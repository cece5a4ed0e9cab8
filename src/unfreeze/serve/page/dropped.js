/* Files out of what was dropped or pasted; folders are searched to the bottom. */

async function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]); // before anything is awaited
  const found = [];
  for (const [entry, file] of entries) {
    if (entry?.isDirectory) found.push(...(await filesBelow(entry, entry.name)));
    else if (file) found.push({ file, name: file.name });
  }
  return found;
}

async function filesBelow(folder, path) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!entries.length) return found;
    for (const entry of entries) {
      const name = `${path}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory) found.push(...(await filesBelow(entry, name)));
      else found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), name });
    }
  }
}
