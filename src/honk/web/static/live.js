"use strict";
const list = document.getElementById("events");
const source = new EventSource(list.dataset.events);
source.onmessage = (message) => {
  const item = document.createElement("li");
  const event = JSON.parse(message.data);
  item.textContent = event.kind + " " + (event.body.text || event.body.summary || event.body.stage || event.body.reason || "");
  list.append(item);
};
source.addEventListener("end", () => source.close());
