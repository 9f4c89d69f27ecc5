"""A feed of indicators: retries where the server is busy, a cursor that outlives the run, metrics in the end."""


def client_class(xsoar):
    """The class on a module's BaseClient."""

    class Client(xsoar.BaseClient):
        """Reads lines of text, and JSON where there is some."""

        def determine_error_type(self, response):
            if response.status_code == 403 and "quota" in response.text:
                return xsoar.ErrorTypes.QUOTA_ERROR
            return super().determine_error_type(response)

        def changes(self, since):
            """(indicators, where to go on next time)"""
            response = self._http_request(
                "GET", "/changes.txt", params={"since": since} if since else None, resp_type="response", retries=3,
                status_list_to_retry=[429, 500, 503], backoff_factor=2, ok_codes=(200, 304), with_metrics=True)
            if response.status_code == 304:
                return [], since
            lines = [line for line in response.text.split("\n") if line and not line.startswith("#")]
            return lines, response.headers.get("ETag", "").strip('"') or since

        def details(self, indicator):
            return self._http_request("GET", f"/indicators/{indicator}", with_metrics=True)

        def ignored(self):
            """A service that may be missing: an empty list then."""
            def absent(response):
                if response.status_code != 404:
                    self.client_error_handler(response)
            return self._http_request("GET", "/ignored", error_handler=absent, with_metrics=True).get("items", [])

    return Client


def fetch(client, state):
    """Indicators since the last time, with their details; `state` is what the platform keeps in between."""
    lines, cursor = client.changes(state.get("since"))
    ignored = set(client.ignored())
    state["since"] = cursor
    return [{"value": line, **client.details(line)} for line in lines if line not in ignored]
