"""A sandbox for files: an upload, an analysis that takes its time, a report as JSON, text, XML and bytes."""


def client_class(xsoar):
    """The class on a module's BaseClient."""

    class Client(xsoar.BaseClient):
        """Says no quota, no such file and not yet in its own words."""

        def __init__(self, base_url, key, **kwargs):
            super().__init__(base_url, headers={"X-Api-Key": key}, **kwargs)

        def client_error_handler(self, res):
            try:
                reason = res.json().get("error", {}).get("message") or res.reason
            except ValueError:
                reason = res.text or res.reason
            if res.status_code == 404:
                raise xsoar.DemistoException(f"No such analysis: {reason}", res=res)
            raise xsoar.DemistoException(f"[{res.status_code}] {reason}", res=res,
                                         error_type=self.determine_error_type(res))

        def is_polling_in_progress(self, response):
            return response.status_code == 202

        def upload(self, path, name, tags=()):
            with open(path, "rb") as file:
                answer = self._http_request("POST", "/files", files={"file": (name, file, "application/octet-stream")},
                                            data={"tags": list(tags), "private": "true"}, ok_codes=(201,),
                                            with_metrics=True)
            return answer["id"]

        def wait(self, analysis, sleep, times=10):
            """The finished analysis; sleep(seconds) is what waits."""
            for _ in range(times):
                response = self._http_request("GET", f"/analyses/{analysis}", resp_type="response",
                                              ok_codes=(200, 202), with_metrics=True)
                if response.status_code == 200:
                    return response.json()
                sleep(float(response.headers.get("Retry-After", 5)))
            raise xsoar.DemistoException("The analysis takes too long")

        def report(self, analysis, kind):
            types = {"json": "json", "txt": "text", "pdf": "content", "xml": "xml"}
            return self._http_request("GET", f"/analyses/{analysis}/report.{kind}", resp_type=types[kind],
                                      with_metrics=True)

        def delete(self, analysis):
            return self._http_request("DELETE", f"/analyses/{analysis}", return_empty_response=True,
                                      ok_codes=(200, 204), with_metrics=True).status_code

    return Client
