"""An inventory of devices: a token for user and password, which runs out, and a listing page by page."""


def client_class(xsoar):
    """The class on a module's BaseClient."""

    class Client(xsoar.BaseClient):
        """Logs in when it needs to."""

        PAGE = 40

        def __init__(self, base_url, user, password, **kwargs):
            super().__init__(base_url, headers={"Accept": "application/json"}, ok_codes=(200, 201), **kwargs)
            self._login = {"username": user, "password": password}
            self._token = None

        def login(self):
            answer = self._http_request("POST", "/auth/token", json_data=self._login, timeout=10)
            self._token = answer["token"]

        def call(self, method, suffix, **kwargs):
            """A call with the token, and once more with a new one if that has run out."""
            for fresh in (False, True):
                if self._token is None or fresh:
                    self.login()
                try:
                    return self._http_request(
                        method, suffix, headers={**self._headers, "Authorization": f"Bearer {self._token}"},
                        with_metrics=True, **kwargs)
                except xsoar.DemistoException as error:
                    if fresh or error.res is None or error.res.status_code != 401:
                        raise

        def devices(self, limit):
            """Up to so many devices."""
            devices, cursor = [], None
            while len(devices) < limit:
                page = self.call("GET", "devices", params={"limit": min(self.PAGE, limit - len(devices)),
                                                           "cursor": cursor, "fields": ["id", "name"]})
                devices += page["items"]
                cursor = page.get("next")
                if not cursor:
                    break
            return devices

    return Client


def test_module(xsoar, client):
    """The Test button: "ok", or what is wrong in words for the administrator."""
    try:
        client.devices(1)
    except xsoar.DemistoException as error:
        if "Error in API call [401]" in str(error) or "Error in API call [403]" in str(error):
            return "Authorization Error: make sure username and password are correct"
        if "SSL Certificate Verification Failed" in str(error):
            return "Certificate Error: see 'Trust any certificate'"
        return "Error: " + str(error).split("\n", maxsplit=1)[0]
    return "ok"
