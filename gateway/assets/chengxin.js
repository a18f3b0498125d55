// What scripts add: the library's behaviours, a button that prints, no second sending of a form, the text of a QR code in
// the box where it is checked. Nothing depends on it.
import { initAll } from "./govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

// A code's address ends in #number: a 1, then deflated text, as gateway/qr.py makes it. No browser sends it to a server.
const LARGEST = 64 * 1024;
async function unpacked(digits) {
  if (digits.length > 7089) throw new RangeError("more digits than a QR code holds");
  const bytes = BigInt(digits).toString(16).slice(1).match(/../g);
  const packed = new Blob([Uint8Array.from(bytes, (byte) => parseInt(byte, 16))]);
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const parts = [];
  for (let size = 0, part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > LARGEST) throw new RangeError("longer than any text that is signed");
    parts.push(part.value);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(await new Blob(parts).arrayBuffer());
}

async function takeScanned() {
  const box = document.querySelector("[data-scanned]");
  const digits = /^#(\d+)$/.exec(location.hash)?.[1];
  if (!box || !digits) return;
  history.replaceState(null, "", location.pathname + location.search);
  document.querySelector("[data-verdict]")?.remove(); // it was about another text, as what stands in the box
  box.value = "";
  let said = "read";
  try {
    box.value = await unpacked(digits);
  } catch {
    said = "unreadable";
  }
  for (const text of document.querySelectorAll("[data-scan]")) text.hidden = text.dataset.scan !== said;
}
takeScanned();
window.addEventListener("hashchange", takeScanned);
