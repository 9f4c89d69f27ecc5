/* The one table of options: parser and help are made from it, and a test holds the completions and
 * the manual page against it. */
#include "options.h"

#define AT(field)  offsetof(struct cli_options, field)
#define REQUESTS   CLI_REQUESTS
#define TALK       (CLI_REQUESTS | CLI_TEST)
#define WITH_TRUST (CLI_REQUESTS | CLI_TEST | CLI_EXPLAIN)
#define LOOKS      (WITH_TRUST | CLI_SHOW)
#define PROBES     (LOOKS | CLI_DOCTOR)

/* Settings that a profile may have as well. */
#define SETTING   (TALK | CLI_EXPLAINED)
#define R_SETTING (REQUESTS | CLI_EXPLAINED)

#define FLAG(name, letter, commands, topic, field, help)                                           \
    {name, letter, NULL, commands, CLI_TOPIC_##topic, CLI_FLAG, AT(field), 0, help}
#define VALUE(name, letter, argument, commands, topic, action, field, flags, help)                 \
    {name, letter, argument, commands, CLI_TOPIC_##topic, CLI_##action, AT(field), flags, help}
/* An option with a secret, and the three that read it from somewhere else. */
#define SECRET(name, letter, argument, commands, topic, field, help)                               \
    VALUE(name, letter, argument, commands, topic, LAST, field.text, CLI_HIDE, help),              \
        VALUE(name "-file", 0, "FILE", commands, topic, ONCE, field.file, 0,                       \
              "the same, being the first line of FILE (- for standard input)"),                    \
        VALUE(name "-env", 0, "NAME", commands, topic, ONCE, field.env, 0,                         \
              "the same, from this variable of the environment"),                                  \
        VALUE(name "-fd", 0, "NUMBER", commands, topic, ONCE, field.fd, 0,                         \
              "the same, being the first line that this descriptor gives")
#define DATA(name, letter, argument, kind, help)                                                   \
    {name,                                                                                         \
     letter,                                                                                       \
     argument,                                                                                     \
     REQUESTS,                                                                                     \
     CLI_TOPIC_REQUEST,                                                                            \
     CLI_DATA_OF,                                                                                  \
     CLI_##kind,                                                                                   \
     CLI_HIDE | CLI_EMPTY,                                                                         \
     help}

const struct cli_option cli_option_table[] = {
    VALUE("profile", 0, "FILE", WITH_TRUST | CLI_DOCTOR, REQUEST, ONCE, profile, 0,
          "take URL, trust, proxy, credentials and more from a profile (JSON); see "
          "anycert-profile(5)"),
    VALUE("request", 'X', "METHOD", CLI_REQUEST, REQUEST, ONCE, method, 0,
          "the method; without it: HEAD with -I, PUT with -T, POST with -d, else GET"),
    VALUE("header", 'H', "NAME: VALUE", TALK, REQUEST, LIST_OF, headers, CLI_HIDE,
          "add a header; 'NAME;' sends it empty, 'NAME:' takes a default one away; "
          "@FILE reads one a line"),
    VALUE("secret-header", 0, "NAME", SETTING, REQUEST, LIST_OF, secret_headers, 0,
          "the header's value is a secret: hidden, and not sent to another origin"),
    VALUE("secret-param", 0, "NAME", SETTING, REQUEST, LIST_OF, secret_params, 0,
          "the query parameter's value is a secret, and hidden"),
    VALUE("secret-guard", 0, "send|withhold|refuse", SETTING, REQUEST, LAST, secret_guard, 0,
          "what is done with secrets where a check was relaxed, or over http:// (default send)"),
    DATA("data", 'd', "DATA", DATA,
         "send DATA as a form; @FILE (@- for standard input) without line ends; several are "
         "joined by '&'"),
    DATA("data-ascii", 0, "DATA", DATA, "another name of -d"),
    DATA("data-raw", 0, "DATA", DATA_RAW, "like -d, but a leading @ means nothing"),
    DATA("data-binary", 0, "DATA", DATA_BINARY, "like -d, but @FILE is sent as it is"),
    DATA("data-urlencode", 0, "DATA", DATA_URLENCODE,
         "like -d, percent-encoded: CONTENT, =CONTENT, NAME=CONTENT, @FILE or NAME@FILE"),
    DATA("json", 0, "JSON", DATA_JSON,
         "send JSON (or @FILE), with Content-Type and Accept application/json"),
    DATA("form", 'F', "NAME=CONTENT", DATA_FORM,
         "send a multipart form: NAME=CONTENT, NAME=@FILE or NAME=<FILE, and ;type=TYPE and "
         ";filename=NAME behind it"),
    DATA("form-string", 0, "NAME=STRING", DATA_FORM_STRING,
         "like -F, but nothing in STRING means anything"),
    VALUE("param", 0, "NAME=VALUE", TALK, REQUEST, LIST_OF, params, CLI_HIDE,
          "add a parameter to the URL's query, percent-encoded"),
    VALUE("query", 0, "TEXT", TALK, REQUEST, ONCE, query, CLI_HIDE,
          "add this to the URL's query; only what may not stand there is encoded"),
    FLAG("get", 'G', REQUESTS, REQUEST, get, "put the data of -d into the URL's query"),
    VALUE("upload-file", 'T', "FILE", REQUESTS, REQUEST, ONCE, upload, 0,
          "send FILE (- for standard input) as the body"),
    FLAG("head", 'I', CLI_GET | CLI_HEAD | CLI_REQUEST, REQUEST, head,
         "ask for the header only (HEAD) and print it"),
    SECRET("user", 'u', "USER[:PASSWORD]", TALK, REQUEST, user,
           "user and password; without a password it is asked for on the terminal"),
    SECRET("bearer", 0, "TOKEN", TALK, REQUEST, bearer, "the token of Bearer authentication"),
    VALUE("oauth2-bearer", 0, "TOKEN", TALK, REQUEST, LAST, bearer.text, CLI_HIDE,
          "another name of --bearer"),
    FLAG("basic", 0, TALK, REQUEST, basic, "Basic with -u; this is the default"),
    FLAG("digest", 0, TALK, REQUEST, digest, "Digest with -u, and nothing weaker"),
    FLAG("ntlm", 0, TALK, REQUEST, ntlm, "NTLM with -u"),
    FLAG("negotiate", 0, TALK, REQUEST, negotiate,
         "Negotiate (SPNEGO) with the Kerberos ticket of kinit"),
    SECRET("api-key", 0, "KEY", TALK, REQUEST, api_key, "a key in a header field of its own"),
    VALUE("api-key-header", 0, "NAME", TALK, REQUEST, ONCE, api_key_header, 0,
          "which one (default X-Api-Key)"),
    VALUE("api-key-param", 0, "NAME", TALK, REQUEST, ONCE, api_key_param, 0,
          "the key goes into this parameter of the query instead"),
    VALUE("aws-sigv4", 0, "aws:amz:REGION:SERVICE", TALK, REQUEST, ONCE, aws_sigv4, 0,
          "sign for AWS, -u being ACCESS-KEY:SECRET-KEY"),
    SECRET("aws-session-token", 0, "TOKEN", TALK, REQUEST, aws_session_token,
           "the session token of temporary keys"),
    VALUE("oauth2-token-url", 0, "URL", TALK, REQUEST, ONCE, oauth2_token_url, CLI_HIDE,
          "get a token there with client credentials (OAuth 2.0), and send it"),
    VALUE("oauth2-client-id", 0, "ID", TALK, REQUEST, ONCE, oauth2_client_id, 0,
          "the client's name"),
    SECRET("oauth2-client-secret", 0, "SECRET", TALK, REQUEST, oauth2_client_secret,
           "the client's secret"),
    VALUE("oauth2-scope", 0, "SCOPES", TALK, REQUEST, ONCE, oauth2_scope, 0,
          "what the token shall be for, separated by blanks"),
    VALUE("oauth2-audience", 0, "NAME", TALK, REQUEST, ONCE, oauth2_audience, 0,
          "whom the token shall be for"),
    VALUE("oauth2-param", 0, "NAME=VALUE", TALK, REQUEST, LIST_OF, oauth2_params, CLI_HIDE,
          "one more parameter of the request for the token"),
    VALUE("oauth2-style", 0, "basic|body", TALK, REQUEST, LAST, oauth2_style, 0,
          "how the client's secret is sent (default basic)"),
    VALUE("cookie", 'b', "NAME=VALUE|FILE", TALK, REQUEST, LIST_OF, cookies, CLI_HIDE | CLI_EMPTY,
          "send these cookies, or those of a file (Netscape format) where they belong"),
    VALUE("cookie-jar", 'c', "FILE", REQUESTS, REQUEST, ONCE, cookie_jar, 0,
          "keep cookies, and write all of them to FILE at the end, for its owner alone"),
    VALUE("user-agent", 'A', "TEXT", TALK, REQUEST, LAST, user_agent, CLI_EMPTY,
          "the User-Agent header; empty: none"),
    FLAG("location", 'L', SETTING, REQUEST, location,
         "follow redirects, each judged by the policy anew"),
    VALUE("max-redirs", 0, "NUMBER", SETTING, REQUEST, LAST, max_redirs, 0,
          "follow so many at most (default 10)"),
    FLAG("allow-downgrade", 0, SETTING, REQUEST, allow_downgrade,
         "follow redirects from https to http too"),
    FLAG("compressed", 0, R_SETTING, REQUEST, compressed,
         "ask for compressed answers and decompress them; this is the default"),
    FLAG("no-compressed", 0, R_SETTING, REQUEST, no_compressed, "do not"),
    VALUE("continue-at", 'C', "-", REQUESTS, REQUEST, ONCE, continue_at, 0,
          "-C -: go on with a download to -o FILE where it ended"),
    VALUE("ok-codes", 0, "CODE,...", SETTING, REQUEST, ONCE, ok_codes, 0,
          "accept these statuses (200,404 or 200-299) and exit with 8 for others"),
    VALUE("retry", 0, "NUMBER", SETTING, REQUEST, LAST, retry, 0,
          "make the request again so many times at most, where waiting can help"),
    VALUE("retry-delay", 0, "SECONDS", SETTING, REQUEST, LAST, retry_delay, 0,
          "wait so long before the second retry, and twice as long each time (default 1)"),
    VALUE("retry-on", 0, "CODE,...", SETTING, REQUEST, ONCE, retry_on, 0,
          "the statuses that are tried again (default 408,429,500,502,503,504)"),
    VALUE("retry-methods", 0, "METHOD,...", SETTING, REQUEST, ONCE, retry_methods, 0,
          "the methods that are (default GET,HEAD,OPTIONS,TRACE,PUT,DELETE)"),
    VALUE("retry-after-max", 0, "SECONDS", SETTING, REQUEST, LAST, retry_after_max, 0,
          "the longest that a Retry-After is waited for (default 120)"),
    VALUE("idempotency-header", 0, "NAME", SETTING, REQUEST, ONCE, idempotency_header, 0,
          "send this header with a value that all tries share; then any method is tried again"),
    VALUE("max-body", 0, "SIZE", R_SETTING, REQUEST, LAST, max_body, 0,
          "refuse bodies that are larger once decompressed (64k, 10M, 2G)"),

    FLAG("insecure", 'k', LOOKS, TRUST, insecure, "the same as --trust trust-any"),
    VALUE("trust", 0, "POLICY", LOOKS, TRUST, ONCE, trust, 0,
          "the policy (default hardened); see anycert policy list"),
    VALUE("allow", 0, "RELAXATION,...", LOOKS, TRUST, LIST_OF, allow, 0,
          "give up these checks and no others"),
    VALUE("until", 0, "YYYY-MM-DD", WITH_TRUST | CLI_DOCTOR, TRUST, ONCE, until, 0,
          "the last day (UTC) on which relaxations count"),
    VALUE("reason", 0, "TEXT", WITH_TRUST | CLI_DOCTOR, TRUST, ONCE, reason, 0,
          "why; goes into the report"),
    VALUE("pin", 0, "sha256//BASE64", WITH_TRUST | CLI_TRUST_ADD | CLI_DOCTOR, TRUST, LIST_OF, pin,
          0, "the server's key, or a CA's in its chain, has to be one of these"),
    VALUE("policy-file", 0, "FILE", WITH_TRUST | CLI_DOCTOR, TRUST, ONCE, policy_file, 0,
          "the policy of each host, where no other option says one; see anycert-policy-file(5)"),
    VALUE("trust-store", 0, "FILE", LOOKS | CLI_STORE | CLI_CHECK, TRUST, ONCE, trust_store, 0,
          "the hosts that tofu remembers (default ~/.local/state/anycert/trust); see "
          "anycert-trust-store(5)"),
    FLAG("by-ca", 0, CLI_TRUST_ADD, TRUST, by_ca,
         "it is known by its certificate authority: every check of hardened has to pass"),
    VALUE("comment", 0, "TEXT", CLI_TRUST_ADD, TRUST, ONCE, comment, 0, "a note for the reader"),
    VALUE("expect-name", 0, "NAME", PROBES, TRUST, ONCE, expect_name, 0,
          "the certificate has to name NAME instead of the URL's host"),
    VALUE("sni", 0, "NAME", PROBES, TRUST, ONCE, sni, 0,
          "the name sent in the handshake instead of the URL's host"),
    VALUE("cacert", 0, "FILE|DIR", PROBES, TRUST, LIST_OF, cacert, 0,
          "trust these anchors (PEM) instead of the system's"),
    VALUE("capath", 0, "FILE|DIR", PROBES, TRUST, LIST_OF, cacert, 0, "another name of --cacert"),
    VALUE("ca-add", 0, "FILE|DIR", PROBES, TRUST, LIST_OF, ca_add, 0,
          "trust these anchors beside the others"),
    VALUE("intermediate", 0, "FILE", PROBES, TRUST, LIST_OF, intermediate, 0,
          "certificates that help to build the chain and are not trusted themselves"),
    VALUE("cert", 'E', "FILE", WITH_TRUST, TRUST, ONCE, cert, CLI_HIDE,
          "client certificate (PEM or PKCS#12), or the pkcs11: URI of one on a token"),
    VALUE("cert-type", 0, "PEM|P12", WITH_TRUST, TRUST, LAST, cert_type, 0,
          "what --cert is (default: P12 if FILE ends in .p12 or .pfx)"),
    SECRET("pass", 0, "PASSWORD", WITH_TRUST, TRUST, pass,
           "the password of the client certificate's key, or the PIN of the token"),
    VALUE("key", 0, "FILE", WITH_TRUST, TRUST, ONCE, key, 0,
          "the client certificate's private key (PEM), if it is not in the same file"),
    VALUE("proxy-trust", 0, "POLICY", PROBES, TRUST, ONCE, proxy_trust, 0,
          "the policy for an https:// proxy itself (default hardened)"),

    VALUE("proxy", 'x', "URL", PROBES, CONNECTION, LAST, proxy, CLI_HIDE,
          "use this proxy: http, https, socks4, socks4a, socks5 or socks5h"),
    SECRET("proxy-user", 'U', "USER:PASSWORD", LOOKS, CONNECTION, proxy_user,
           "user and password for the proxy"),
    FLAG("proxy-digest", 0, LOOKS, CONNECTION, proxy_digest,
         "prove the password to the proxy with Digest, without telling it"),
    FLAG("proxy-anyauth", 0, LOOKS, CONNECTION, proxy_anyauth,
         "Digest if the proxy offers it, else Basic"),
    VALUE("noproxy", 0, "HOSTS", LOOKS, CONNECTION, LAST, noproxy, CLI_EMPTY,
          "reach these hosts without the proxy, comma-separated"),
    FLAG("env-proxy", 0, LOOKS, CONNECTION, env_proxy,
         "use the proxies that the environment names; otherwise they are ignored"),
    VALUE("resolve", 0, "HOST:PORT:ADDRESS", PROBES, CONNECTION, LIST_OF, resolve, 0,
          "use this address for the host; what is verified stays HOST"),
    VALUE("connect-to", 0, "HOST1:PORT1:HOST2:PORT2", PROBES, CONNECTION, LIST_OF, connect_to, 0,
          "connect to the second for the first; what is verified stays HOST1"),
    VALUE("private-addresses", 0, "allowed|not-by-redirect|refused", LOOKS, CONNECTION, LAST,
          private_addresses, 0,
          "whether the server may have an address that is not public (default allowed)"),
    VALUE("connect-timeout", 0, "SECONDS", LOOKS, CONNECTION, LAST, connect_timeout, 0,
          "limit for connecting, TLS included (default 30; 0: none)"),
    VALUE("max-time", 'm', "SECONDS", LOOKS, CONNECTION, LAST, max_time, 0,
          "limit for everything (default 0: none)"),
    VALUE("stall-timeout", 0, "SECONDS", LOOKS, CONNECTION, LAST, stall_timeout, 0,
          "limit without a byte in either direction (default 60; 0: none)"),
    VALUE("expect100-timeout", 0, "SECONDS", R_SETTING, CONNECTION, LAST, expect_timeout, 0,
          "ask before every body, and wait so long (default 1, for large ones; 0: do not ask)"),
    FLAG("http1.1", 0, LOOKS, CONNECTION, http1_1, "speak HTTP/1.1 only"),
    FLAG("http2", 0, LOOKS, CONNECTION, http2, "offer HTTP/2 under every policy"),

    VALUE("timeout", 0, "SECONDS", CLI_DOCTOR, CONNECTION, LAST, timeout, 0,
          "limit for each handshake (default 10)"),
    VALUE("delay", 0, "SECONDS", CLI_DOCTOR, CONNECTION, LAST, delay, 0,
          "wait so long between two handshakes with a target (default 0)"),
    VALUE("parallel", 0, "NUMBER", CLI_DOCTOR, CONNECTION, LAST, parallel, 0,
          "examine so many targets at once (default 16, at most 256)"),
    FLAG("http", 0, CLI_DOCTOR, CONNECTION, http,
         "confirm by a request, too: HEAD for /, without credentials"),
    VALUE("for", 0, "CLIENT,...", CLI_DOCTOR, OUTPUT, LIST_OF, clients, 0,
          "say the policy in the words of curl, requests, openssl.cnf, go, node, java or wget"),
    VALUE("save", 0, "FILE", CLI_DOCTOR, OUTPUT, ONCE, save, 0,
          "keep what was observed in FILE, for --replay; see anycert-observation(5)"),
    VALUE("replay", 0, "FILE", CLI_DOCTOR, OUTPUT, ONCE, replay, 0,
          "diagnose what --save has kept, and send nothing"),
    FLAG(
        "apply", 0, CLI_DOCTOR, TRUST, apply,
        "write the policy into --policy-file as the entry of this host, with --until and --reason, "
        "after showing it"),
    FLAG("yes", 'y', CLI_DOCTOR, TRUST, yes, "with --apply: do not ask"),
    FLAG("fetch-intermediate", 0, CLI_DOCTOR, CONNECTION, fetch_intermediate,
         "fetch the certificate that a chain lacks from where the last one says that it is"),
    FLAG("compare-direct", 0, CLI_DOCTOR, CONNECTION, compare_direct,
         "see whether a certificate that the proxy gives is another one without it"),
    FLAG("http-body", 0, CLI_DOCTOR, CONNECTION, http_body,
         "the same with GET for /, and look whether the body ends as it should"),
    FLAG("plan", 0, CLI_DOCTOR, OUTPUT, plan, "say what would be done, and send nothing"),

    VALUE("output", 'o', "FILE", REQUESTS, OUTPUT, ONCE, output, 0,
          "write the body to FILE, which appears only when it is whole (-: standard output)"),
    FLAG("include", 'i', REQUESTS, OUTPUT, include,
         "print the answer's header to standard output before the body"),
    FLAG("fail", 'f', REQUESTS, OUTPUT, fail,
         "exit with 8 if the status is 400 or more, and write no body"),
    FLAG("fail-with-body", 0, REQUESTS, OUTPUT, fail_with_body,
         "with --fail or --ok-codes: write the body all the same; alone, as --fail"),
    VALUE("write-out", 'w', "FORMAT", REQUESTS, OUTPUT, LAST, write_out, CLI_EMPTY,
          "print this at the end; %{http_code} and others, see the manual page"),
    VALUE("report", 0, "FILE", TALK, OUTPUT, ONCE, report, 0,
          "write what was checked as JSON, on failure too (-: standard output)"),
    VALUE("format", 0, "text|json",
          TALK | CLI_LIST | CLI_EXPLAIN | CLI_CHECK | CLI_SHOW | CLI_STORE | CLI_DOCTOR, OUTPUT,
          LAST, format, 0, "how messages are printed, and the answers of policy, trust and doctor"),
    FLAG("silent", 's', TALK, OUTPUT, silent, "no messages, warnings included"),
    FLAG("show-error", 'S', TALK, OUTPUT, show_error, "with -s: the error all the same"),
    FLAG("verbose", 'v', TALK | CLI_DOCTOR, OUTPUT, verbose,
         "tell on standard error what happens, secrets hidden; doctor: print everything of "
         "several targets"),
    VALUE("log-level", 0, "LEVEL", TALK, OUTPUT, LAST, log_level, 0,
          "log to standard error what is done: error, warning, info or debug"),
    VALUE("trace", 0, "FILE", TALK, OUTPUT, ONCE, trace, 0,
          "write what went over the wire as an HTTP archive (HAR); secrets are hidden"),
    FLAG("print-curl", 0, REQUESTS, OUTPUT, print_curl,
         "print a curl command that does the same, without secrets, and send nothing"),
    FLAG("progress-bar", '#', REQUESTS, OUTPUT, progress_bar, "show progress on a terminal"),
    FLAG("help", 'h', ~0u, OUTPUT, help, "print this help"),
};
const size_t cli_option_count = sizeof cli_option_table / sizeof *cli_option_table;
