// The first page: a code for a session. It stands alone, for who has no session is given nothing else.

const code = document.getElementById("code");
const button = document.getElementById("enter");

async function enter(event) {
  event.preventDefault();
  const digits = code.value.replace(/\D/g, "");
  if (digits.length !== 6) return tell("The code has six digits.");
  button.disabled = true;
  const problem = await pair(digits).catch(() => "The companion page's server does not answer. Is it still running?");
  if (!problem) return location.assign("/");
  button.disabled = false;
  return tell(problem);
}

// Nothing for the right code, else what is wrong.
async function pair(digits) {
  const answer = await fetch("/api/pair", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code: digits }) });
  return answer.ok ? "" : (await answer.json()).error;
}

function tell(problem) {
  document.getElementById("problem").textContent = problem;
  code.setAttribute("aria-invalid", "true");
  code.select();
}

document.getElementById("pair").addEventListener("submit", enter);
