// What htmx does not do: keys, moments in the reader's zone, and saying that the line is down. Nothing depends on it.
"use strict";

const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "n") {
    event.preventDefault();
    window.location.assign("/new");
  }
  const search = document.querySelector("input[type=search]");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  }
});

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) || ["second", 1];
    const words = unit === "second" ? "just now" : relative.format(Math.round(seconds / size), unit);
    if (time.textContent !== words) time.textContent = words;
    time.title = whole.format(at);
  }
}

tellTimes(document);
setInterval(() => tellTimes(document), 30000);
document.addEventListener("htmx:after:swap", () => tellTimes(document));

const line = document.getElementById("line");
document.addEventListener("htmx:sse:error", () => { if (line) line.hidden = false; });
document.addEventListener("htmx:sse:after:connection", () => { if (line) line.hidden = true; });
document.addEventListener("htmx:error", (event) => {
  const toast = document.getElementById("toast");
  if (toast && !event.detail?.ctx?.response) toast.textContent = "The server cannot be reached. Nothing was sent; try again.";
});
document.addEventListener("htmx:before:request", () => {
  const toast = document.getElementById("toast");
  if (toast) toast.textContent = "";
});
