// Lists as files: CSV for tables, M3U for players.

// RFC 4180: a field with a comma, a quote or a line end is quoted. A text that a spreadsheet would take
// for a formula gets an apostrophe in front (OWASP, "CSV injection"); numbers stay numbers.
const csvField = (value) => {
  let text = value === null || value === undefined ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csvText = (header, lines) => [header, ...lines].map((line) => line.map(csvField).join(",")).join("\r\n") + "\r\n";

// A line of a playlist must stay one line, and a path must not look like a comment.
const oneLine = (text) => String(text).replace(/[\r\n\u2028\u2029]+/g, " ");
function localPath(link, base) {
  const url = new URL(link, base);
  if (url.protocol !== "file:") return url.href;
  try {
    const path = decodeURIComponent(url.pathname);
    return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
  } catch {
    return url.href;
  }
}
function m3uText(entries, base) {
  const lines = ["#EXTM3U"];
  for (const { artist, title, link } of entries) {
    lines.push(`#EXTINF:-1,${oneLine(artist ? `${artist} - ${title}` : title)}`, oneLine(localPath(link, base)));
  }
  return lines.join("\n") + "\n";
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
