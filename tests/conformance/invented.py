"""A checker over an invented metadata, for tests of the check itself: Graph knows people, who have names."""

METADATA = """
class Problem(str):
    def __new__(cls, code, where):
        self = super().__new__(cls, f"{code} at {where}")
        self.code, self.where = code, where
        return self


class Meta:
    def match(self, path):
        return "/users/{user-id}" if path.startswith("/users/") else None


def load(version):
    return Meta()


def normalise(version, path, query, out):
    return path, query


def check_request(version, method, path, query, body, *, headers, documented):
    if path == "/$batch":
        return [
            Problem(found.code, f"body.requests[{place}] {found.where}")
            for place, step in enumerate(body["requests"])
            for found in check_request(
                version, step["method"], step["url"], None, step.get("body"), headers={}, documented=True
            )
        ]
    known = path.startswith("/users/")
    found = [] if known else [Problem("unknown-path", path)]
    return found + [Problem("unknown-property", f"body.{name}") for name in body or {} if name != "name"]


def check_response(version, path, body, *, method, status, query):
    people = body["value"] if "value" in body else [body]
    return [
        Problem("unknown-property", f"$.value[{place}].{name}")
        for place, person in enumerate(people)
        for name in person
        if name != "name"
    ]


def check_error(body):
    return [] if "error" in (body or {}) else [Problem("bad-error", "$")]
"""
