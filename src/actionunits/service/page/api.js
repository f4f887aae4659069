// Talking to the service: every error it gives has a subject, a reason and a next step.

export class Problem extends Error {
  constructor(problem) {
    super(`${problem.subject}: ${problem.reason}. ${problem.next_step}.`);
    this.status = problem.status;
  }
}

const unreachable = { status: 0, subject: "The service", reason: "does not answer", next_step: "Check that it runs" };

function problemOf(text, status) {
  try {
    return JSON.parse(text).error;
  } catch {
    return { status, subject: "The service", reason: `answered with ${status}`, next_step: "Try again" };
  }
}

export async function ask(path, init = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...init, credentials: "same-origin" });
  } catch {
    throw new Problem(unreachable);
  }
  if (!answer.ok) throw new Problem(problemOf(await answer.text(), answer.status));
  return answer.status === 204 ? null : answer.json();
}

export const signIn = (token) => ask("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });

// Send a file; fetch cannot tell how far it is, XMLHttpRequest can.
export function send(path, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(new Problem(problemOf(request.responseText, request.status)));
    };
    request.onerror = () => reject(new Problem(unreachable));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

// Ask for a job until it has ended.
export async function follow(id, onState, signal) {
  for (;;) {
    const job = await ask(`/v1/jobs/${id}`, { signal });
    onState(job);
    if (!["queued", "running"].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

export function streamAddress(parameters) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/v1/stream?${parameters}`;
}
