# SPDX-License-Identifier: MIT
"""docs/openapi.yaml as something to test by: what an object must look like, and requests
that it allows and forbids.

Only the words of JSON Schema that the contract uses are known; another one is an error, so
that nothing in the contract is passed over in silence.
"""

import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
METHODS = ("get", "post", "put", "patch", "delete")

# Say something of a value only to people.
SILENT = {"description", "example", "default", "title"}
KNOWN = SILENT | {
    "$ref", "type", "enum", "const", "required", "properties", "additionalProperties", "items",
    "maxItems", "minimum", "maximum", "maxLength", "minLength", "pattern", "format", "oneOf"}

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
SAMPLES = {"object": {"a": 1}, "array": ["a"], "string": "a", "boolean": True, "null": None,
           "integer": 7, "number": 7.5}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TOO_LONG = "x" * 70000  # longer than any text the API takes, and shorter than a body may be


class Contract:
    def __init__(self):
        with open(ROOT / "docs/openapi.yaml", encoding="utf-8") as file:
            self.document = yaml.safe_load(file)

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for word in node["$ref"].removeprefix("#/").split("/"):
                target = target[word]
            node = target
        return node

    def operations(self):
        """(METHOD, path, operation), in the order of the document."""
        return [(method.upper(), path, operation)
                for path, methods in self.document["paths"].items()
                for method, operation in methods.items() if method in METHODS]

    def component(self, name):
        return {"$ref": f"#/components/schemas/{name}"}

    def body_schema(self, operation):
        """Of a JSON body; None where the operation takes none, or takes lines."""
        content = self.resolve(operation.get("requestBody", {})).get("content", {})
        if any("jsonl" in kind for kind in content) or "application/json" not in content:
            return None
        return self.resolve(content["application/json"]["schema"])

    def parameters(self, operation):
        return [self.resolve(one) for one in operation.get("parameters", [])]

    # ---- judging ----

    def check_words(self, schema, where):
        """Raise AssertionError where the schema has a word that this file does not know."""
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        assert not unknown, f"{where}: the test does not know {sorted(unknown)}"
        for name, member in schema.get("properties", {}).items():
            self.check_words(member, f"{where}.{name}")
        if "items" in schema:
            self.check_words(schema["items"], where + "[]")

    def check(self, schema, value, where="$"):
        """Raise AssertionError where the value is not as the schema says."""
        schema = self.resolve(schema)
        self.check_kind(schema, value, where)
        if "oneOf" in schema:
            fits = sum(self.fits(one, value) for one in schema["oneOf"])
            assert fits == 1, f"{where}: {value!r} fits {fits} of the alternatives"
        if isinstance(value, dict):
            self.check_object(schema, value, where)
        if isinstance(value, list):
            assert len(value) <= schema.get("maxItems", len(value)), f"{where}: too many"
            for index, item in enumerate(value):
                self.check(schema.get("items", {}), item, f"{where}[{index}]")

    def fits(self, schema, value):
        try:
            self.check(schema, value)
        except AssertionError:
            return False
        return True

    def check_kind(self, schema, value, where):
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        assert not kinds or any(TYPES[kind](value) for kind in kinds), \
            f"{where}: {value!r} is not of type {kinds}"
        assert value in schema.get("enum", [value]), f"{where}: {value!r} is not in the enum"
        assert value == schema.get("const", value), f"{where}: {value!r} is not the constant"
        if TYPES["number"](value):
            assert value >= schema.get("minimum", value), f"{where}: {value} is too small"
            assert value <= schema.get("maximum", value), f"{where}: {value} is too large"
        if isinstance(value, str):
            assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}: pattern"
            assert len(value) <= schema.get("maxLength", len(value)), f"{where}: too long"
            assert len(value) >= schema.get("minLength", 0), f"{where}: too short"
            if schema.get("format") == "date-time":
                assert DATE_TIME.fullmatch(value), f"{where}: {value!r} is no date-time"

    def check_object(self, schema, value, where):
        for name in schema.get("required", []):
            assert name in value, f"{where}: {name!r} is missing in {value}"
        others = schema.get("additionalProperties", {})
        for name, member in value.items():
            known = schema.get("properties", {}).get(name)
            if known is None and "properties" in schema and "additionalProperties" not in schema:
                raise AssertionError(f"{where}: {name!r} is not documented")
            self.check(others if known is None else known, member, f"{where}.{name}")

    def check_answer(self, operation, status, kind, text, where, also=()):
        """Status, type and body are those of one of the documented answers; `also` are
        statuses that any request may get."""
        responses = operation["responses"]
        assert str(status) in responses or status in also, \
            f"{where}: {status} is not documented: {text[:300]}"
        response = self.resolve(responses.get(
            str(status), {"$ref": "#/components/responses/Problem"}))
        content = response.get("content", {})
        kind = kind.partition(";")[0]
        assert kind in content or (not content and not text), \
            f"{where}: {status} is of type {kind!r}, not of {sorted(content)}"
        if kind.endswith("json"):
            body = json.loads(text)
            self.check(content[kind]["schema"], body, f"{where} {status}")
            if kind == "application/problem+json":
                assert body["status"] == status and body["detail"], f"{where}: {body}"

    # ---- asking ----

    def sample(self, schema):
        """Something that the schema allows, though it may name nobody."""
        schema = self.resolve(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type", "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return {name: self.sample(schema["properties"][name])
                    for name in schema.get("required", [])}
        return {"array": [], "integer": schema.get("minimum", 1),
                "number": schema.get("minimum", 1)}.get(kind, SAMPLES[kind])

    def broken_bodies(self, schema, valid):
        """(what is wrong, bytes): bodies that the schema forbids, each in one way."""
        yield "no JSON", b"{\"name\": "
        yield "no body", b""
        yield "not UTF-8", b"{\"\xff\": 1}"
        for value in ([], "text", 7, None, [valid]):
            yield f"{value!r} in place of the object", json.dumps(value).encode()
        for name in schema.get("required", []):
            rest = {key: value for key, value in valid.items() if key != name}
            yield f"without {name}", json.dumps(rest).encode()
        for name, member in schema.get("properties", {}).items():
            for what, value in self.broken_values(self.resolve(member)):
                yield f"{name} is {what}", json.dumps({**valid, name: value}).encode()

    def broken_values(self, schema):
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        for kind, value in SAMPLES.items():
            if not self.fits({**schema, "description": ""}, value):
                yield kind, value
        if "string" in kinds and "pattern" not in schema:
            yield "too long", TOO_LONG
        for bound, step in (("minimum", -1), ("maximum", 1)):
            if bound in schema:
                yield f"beyond its {bound}", schema[bound] + step


def pages_of_the_server():
    """(GET, path) of what the server gives people and programs to read, as its build embeds
    it; not of what those pages load."""
    text = (ROOT / "src/web/meson.build").read_text(encoding="utf-8")
    listed = text.partition("pages_c = ")[2].partition("command:")[0]
    pages = {"GET /": "index.html"}
    pages |= {f"GET /{name}": f"{name}.html" for name in re.findall(r"\b(\w+)\.html", listed)
              if name != "index"}
    pages |= {f"GET /{name}": f"{name}_html" for name in re.findall(r"\b(\w+)_html,", listed)}
    pages |= {"GET /openapi.yaml": "openapi,"}
    assert all(source in listed for source in pages.values()), (pages, listed)
    return {tuple(page.split()) for page in pages}


def queries_of_the_server():
    """Of each file of the server that reads parameters: (the endpoints it defines, names)."""
    for path in sorted((ROOT / "src/api").glob("server*.c")):
        text = path.read_text(encoding="utf-8")
        names = set(re.findall(r'kith_request_query\(\w+, "([^"]+)"\)', text))
        defined = re.findall(r'\.method = "(\w+)",\s*\.path = "([^"]+)"', text)
        if names:
            yield path.name, set(defined), names


def endpoints_of_the_server():
    """(METHOD, path) of each entry in the server's list, read from its source."""
    with open(ROOT / "src/api/server_endpoints.c", encoding="utf-8") as file:
        listed = set(re.findall(r"&(kith_endpoint_\w+)", file.read()))
    found = {}
    for path in sorted((ROOT / "src/api").glob("*.c")):
        text = path.read_text(encoding="utf-8")
        for name, entry in re.findall(r"const struct kith_endpoint (kith_endpoint_\w+) = \{(.*?)\};",
                                      text, re.DOTALL):
            fields = dict(re.findall(r"\.(method|path) = \"([^\"]+)\"", entry))
            found[name] = (fields.get("method"), fields.get("path"))
    missing = listed - set(found)
    assert listed and not missing, f"no file defines {sorted(missing)}"
    return {found[name] for name in listed}
