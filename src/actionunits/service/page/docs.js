// The API as a page, read from its OpenAPI description.

const make = (tag, text = "", kind = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = kind;
  return element;
};

// Text in which `words` stand for code.
const written = (tag, text, kind = "") => {
  const element = make(tag, "", kind);
  text.split("`").forEach((part, place) => element.append(place % 2 ? make("code", part) : part));
  return element;
};

const kindOf = (schema = {}) =>
  schema.type ?? schema.anyOf?.map((each) => each.type).filter((each) => each !== "null").join(" or ") ?? "";

function parametersTable(parameters) {
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const text of ["parameter", "in", "type", "default", ""]) head.append(make("th", text));
  const body = table.createTBody();
  for (const each of parameters) {
    const row = body.insertRow();
    const given = each.schema?.default;
    for (const text of [each.name, each.in, kindOf(each.schema), given ?? ""]) row.insertCell().textContent = text;
    row.insertCell().append(written("span", each.description ?? ""));
  }
  return table;
}

function exampleOf(answer, components) {
  const reference = answer?.content?.["application/json"]?.schema?.$ref;
  const schema = reference && components.schemas[reference.split("/").at(-1)];
  return schema?.examples?.[0];
}

function route(method, path, facts, components) {
  const part = make("article", "", "route");
  const title = make("h3");
  title.append(make("span", method.toUpperCase(), "method"), path);
  part.append(title, written("p", facts.description ?? facts.summary ?? ""));
  if (facts.requestBody) part.append(make("p", "Body: multipart/form-data with the field “file”.", "quiet"));
  if (facts.parameters?.length) part.append(parametersTable(facts.parameters));
  const statuses = Object.entries(facts.responses).map(([status, { description }]) => `${status} ${description.replace(/\.$/, "")}`);
  part.append(make("p", `Answers: ${statuses.join("; ")}.`, "quiet"));
  const example = exampleOf(facts.responses[200] ?? facts.responses[202], components);
  if (example) part.append(make("pre", JSON.stringify(example, null, 2)));
  return part;
}

const api = await (await fetch("/openapi.json")).json();
for (const text of api.info.description.split("\n\n")) document.getElementById("about").append(written("p", text));
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, facts] of Object.entries(methods)) {
    document.getElementById("routes").append(route(method, path, facts, api.components));
  }
}
