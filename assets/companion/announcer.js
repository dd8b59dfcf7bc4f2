// What a screen reader is told without being asked: at most one message every two seconds.

const PAUSE_MS = 2000;
const KEPT = 4; // of the messages that came during the pause: older ones are no news any more

let waiting = [];
let pausing = false;

// Have `text` read out; `language` where it is not the page's.
export function say(text, language = "en") {
  waiting.push({ text, language });
  if (!pausing) tell();
}

function tell() {
  pausing = waiting.length > 0;
  if (!pausing) return;
  const messages = waiting.slice(-KEPT).map(message => {
    const line = document.createElement("p");
    line.lang = message.language;
    line.textContent = message.text;
    return line;
  });
  waiting = [];
  document.getElementById("spoken").replaceChildren(...messages);
  setTimeout(tell, PAUSE_MS);
}
