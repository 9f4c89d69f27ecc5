/* doctor.h — why a connection fails, who refuses, and the least relaxation that works.
 *
 * An examination walks from the name to the answer (stages), makes real handshakes with the server,
 * few of them, and finds: every cause, with its evidence; the policy that gives up least and
 * connects, confirmed by a handshake under exactly that policy, and shown to be minimal; and what
 * else would do. Handshakes carry no credentials, no client certificate and no cookies, and send no
 * request unless it is asked for (anycert_doctor_set_request).
 *
 *     struct anycert_doctor *doctor = anycert_doctor_new(&err);
 *     struct anycert_diagnosis *diagnosis = anycert_doctor_examine(doctor, "host.example", &err);
 *     printf("%s\n", anycert_diagnosis_policy(diagnosis, 0)); // NULL if no policy connects
 *     anycert_diagnosis_free(diagnosis);
 *     anycert_doctor_free(doctor);
 *
 * Threads: a doctor is for one thread at a time while it is set up; afterwards many threads may
 * examine with it at once. A diagnosis does not change and may be shared. */
#ifndef ANYCERT_DOCTOR_H
#define ANYCERT_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>
#include <anycert/policy.h>
#include <anycert/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Settings of examinations. */
struct anycert_doctor;
/* What an examination found. */
struct anycert_diagnosis;

/* What a diagnosis comes to. The numbers are the exit codes of the command line. */
enum anycert_doctor_verdict {
    ANYCERT_VERDICT_HEALTHY = 0,     /* hardened connects */
    ANYCERT_VERDICT_UNREACHABLE = 5, /* there is no connection to shake hands over, or no answer */
    ANYCERT_VERDICT_RELAXABLE = 10,  /* a policy with something given up connects */
    ANYCERT_VERDICT_IMPOSSIBLE = 11, /* no policy of this build connects */
    ANYCERT_VERDICT_FIXABLE = 12,    /* something on our side can mend it, nothing given up */
    ANYCERT_VERDICT_FORBIDDEN = 13   /* only what is never allowed would connect; exit code 11 */
};

/* Where it stands, or where it fails. */
enum anycert_doctor_stage {
    ANYCERT_STAGE_DNS = 0,         /* the name's addresses */
    ANYCERT_STAGE_TCP = 1,         /* the connection to the server */
    ANYCERT_STAGE_PROXY = 2,       /* the connection to the proxy, and its tunnel */
    ANYCERT_STAGE_PROXY_TLS = 3,   /* TLS with an https:// proxy */
    ANYCERT_STAGE_TLS = 4,         /* the handshake */
    ANYCERT_STAGE_CERTIFICATE = 5, /* the certificates that it showed */
    ANYCERT_STAGE_HTTP = 6,        /* the answer to a request, if one was asked for */
    ANYCERT_STAGE_DONE = 7         /* nothing failed */
};

/* How near another client comes to a policy. */
enum anycert_doctor_fit {
    ANYCERT_FIT_SAME = 0,    /* it connects, and gives up nothing that the policy keeps */
    ANYCERT_FIT_COARSER = 1, /* it connects, and gives up more */
    ANYCERT_FIT_LACKS = 2    /* something has no equivalent: it may not connect */
};

/* A doctor with the defaults. NULL with NOMEM or INTERNAL. Free with anycert_doctor_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_doctor *anycert_doctor_new(struct anycert_error *err);
/* Frees it; no examination may be going on. NULL is a no-op. */
ANYCERT_API void anycert_doctor_free(struct anycert_doctor *doctor);

/* What all policies begin with: the anchors (ca=), the expected name and the SNI of this policy;
 * what else it says is what the examination is to find out. Copied. 0, or -1 with
 * POLICY_UNAVAILABLE or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_set_base(struct anycert_doctor *doctor,
                                                          const struct anycert_policy *policy,
                                                          struct anycert_error *err);
/* Adds certificates (PEM) that help to build chains and are not trusted themselves. 0, or -1 with
 * ANCHORS or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_add_intermediates(struct anycert_doctor *doctor,
                                                                   const void *pem, size_t len,
                                                                   struct anycert_error *err);
/* The proxy: a URL with the scheme http, https, socks4, socks4a, socks5 or socks5h and a port.
 * Credentials in it are not sent. NULL: none. 0, or -1 with USAGE or URL. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_doctor_set_proxy(struct anycert_doctor *doctor, const char *url, struct anycert_error *err);
/* What an https:// proxy itself is judged by, its anchors among it: the anchors of
 * anycert_doctor_set_base are those of servers alone. If it does not take the proxy, the least that
 * does is found as for a server, from these anchors and its names on (anycert_diagnosis_proxy).
 * Copied. NULL, the default: hardened, with the system's anchors. 0, or -1 with POLICY_UNAVAILABLE
 * or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_doctor_set_proxy_policy(struct anycert_doctor *doctor, const struct anycert_policy *policy,
                                struct anycert_error *err);
/* Adds a rule "HOST:PORT:ADDRESS": that address is the host's. 0, or -1 with USAGE. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_add_resolve(struct anycert_doctor *doctor,
                                                             const char *rule,
                                                             struct anycert_error *err);
/* Adds a rule "HOST1:PORT1:HOST2:PORT2": the second is connected to for the first, and what is
 * verified stays the first. 0, or -1 with USAGE. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_add_connect_to(struct anycert_doctor *doctor,
                                                                const char *rule,
                                                                struct anycert_error *err);
/* The limit for each attempt, in milliseconds (default 10000; at least 1). */
ANYCERT_API void anycert_doctor_set_timeout(struct anycert_doctor *doctor, uint32_t ms);
/* What is waited between two attempts with one target, in milliseconds (default 0). */
ANYCERT_API void anycert_doctor_set_delay(struct anycert_doctor *doctor, uint32_t ms);
/* What is asked for once a handshake stands. */
enum anycert_doctor_request {
    ANYCERT_REQUEST_NONE = 0, /* nothing, the default */
    ANYCERT_REQUEST_HEAD = 1, /* HEAD for "/", or OPTIONS where that gets no answer, which has to be
                                 answered, with whatever status */
    ANYCERT_REQUEST_BODY = 2  /* GET for "/", whose body has to end as it should, as far as the
                                 first MiB of it */
};
/* Whether policies are confirmed by a request, too, without credentials: one of enum
 * anycert_doctor_request. Requests are of HTTP/1.1; of a server that speaks HTTP/2 only, its answer
 * to the beginning of a connection is enough. */
ANYCERT_API void anycert_doctor_set_request(struct anycert_doctor *doctor, int on);
/* 1: where a chain has no end, the certificate that issued its last one is fetched from the place
 * that this one names, over plain HTTP, without redirects; if it leads to an anchor, a handshake
 * with it confirms that it is all that is missing. It is used as a help and is not trusted by that.
 * From a server with a public address only public addresses are asked. 0, the default: nobody but
 * the server is asked. Behind a proxy nothing is fetched. */
ANYCERT_API void anycert_doctor_set_fetch_intermediate(struct anycert_doctor *doctor, int on);
/* 1: where a certificate that came through the proxy leads to no anchor, one handshake is made with
 * the server without the proxy; another certificate there, with a trusted issuer, proves that the
 * proxy made this one. 0, the default: nothing goes around the proxy. */
ANYCERT_API void anycert_doctor_set_compare_direct(struct anycert_doctor *doctor, int on);
/* Seconds since 1970 UTC for all dates that are judged; called from any thread that examines. NULL:
 * the system's clock. */
ANYCERT_API void anycert_doctor_set_clock(struct anycert_doctor *doctor, int64_t (*now)(void *arg),
                                          void *arg);

/* Adds a client whose words for the policies come with the JSON of diagnoses; see
 * anycert_diagnosis_elsewhere. 0, or -1 with USAGE. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_add_client(struct anycert_doctor *doctor,
                                                            const char *client,
                                                            struct anycert_error *err);

/* Adds an option of the command line that the commands in remedies repeat, so that they go the way
 * of the examination: "profile", "cacert", "ca-add", "intermediate", "expect-name", "sni", "proxy",
 * "proxy-user-env", "proxy-trust", "resolve" or "connect-to", without dashes, and its value, which
 * is no secret. Copied. Without any they repeat what the doctor was set up with; anchors in memory
 * stand there as the file anchors.pem. 0, or -1 with USAGE (another option, or a value with control
 * characters) or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_doctor_add_command_option(struct anycert_doctor *doctor,
                                                                    const char *option,
                                                                    const char *value,
                                                                    struct anycert_error *err);

/* Told before each attempt: the target, the number of the attempt (1 is the first) and what is
 * tried, in policy text. Called in the thread that examines. */
typedef void anycert_doctor_progress(void *arg, const char *target, size_t attempt,
                                     const char *what);
/* Sets it; NULL: nobody is told. */
ANYCERT_API void anycert_doctor_set_progress(struct anycert_doctor *doctor,
                                             anycert_doctor_progress *progress, void *arg);

/* Ends all examinations of the doctor within a tenth of a second, and every later one at once.
 * Safe from any thread, and in a signal handler. */
ANYCERT_API void anycert_doctor_cancel(struct anycert_doctor *doctor);
/* Asked in the thread that examines, ten times a second and more while it waits, but not while a
 * name is looked up: anything but 0 ends that examination as anycert_doctor_cancel would. It may be
 * asked again afterwards, and then has to answer the same. NULL: nobody is asked. */
ANYCERT_API void anycert_doctor_set_interrupt(struct anycert_doctor *doctor,
                                              int (*asked)(void *arg), void *arg);

/* Examines a target: a URL with https://, HOST, or HOST:PORT (443 if none is said). A diagnosis,
 * whatever it comes to; NULL with URL or USAGE for a target that is none, ANCHORS, INTERRUPTED
 * after anycert_doctor_cancel, NOMEM or INTERNAL. Free with anycert_diagnosis_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_diagnosis *
anycert_doctor_examine(struct anycert_doctor *doctor, const char *target,
                       struct anycert_error *err);
/* Frees it and everything borrowed from it. NULL is a no-op. */
ANYCERT_API void anycert_diagnosis_free(struct anycert_diagnosis *diagnosis);

/* The verdict, one of enum anycert_doctor_verdict. */
ANYCERT_API int anycert_diagnosis_verdict(const struct anycert_diagnosis *diagnosis);
/* "healthy", "unreachable", "relaxable", "impossible", "fixable", "forbidden"; NULL for a number
 * that is none. Static string. */
ANYCERT_API const char *anycert_doctor_verdict_name(int verdict);
/* The exit code of a verdict: the number itself, but for forbidden. */
ANYCERT_API int anycert_doctor_exit_code(int verdict);
/* The first stage that fails under hardened, one of enum anycert_doctor_stage. */
ANYCERT_API int anycert_diagnosis_stage(const struct anycert_diagnosis *diagnosis);
/* "dns", "tcp", "proxy", "proxy-tls", "tls", "certificate", "http", "done"; NULL for a number that
 * is none. Static string. */
ANYCERT_API const char *anycert_doctor_stage_name(int stage);
/* The target as it was given, but of a URL only its origin, and as it was understood. Borrowed. */
ANYCERT_API const char *anycert_diagnosis_target(const struct anycert_diagnosis *diagnosis);
ANYCERT_API const char *anycert_diagnosis_host(const struct anycert_diagnosis *diagnosis);
ANYCERT_API uint16_t anycert_diagnosis_port(const struct anycert_diagnosis *diagnosis);
/* How many handshakes were begun, and how long all took. */
ANYCERT_API size_t anycert_diagnosis_handshakes(const struct anycert_diagnosis *diagnosis);
ANYCERT_API uint64_t anycert_diagnosis_elapsed_ms(const struct anycert_diagnosis *diagnosis);
/* What was seen under hardened with everything looked at, as a report; NULL if no handshake came so
 * far. Borrowed. */
ANYCERT_API const struct anycert_report *
anycert_diagnosis_report(const struct anycert_diagnosis *diagnosis);

/* Causes: all that was found, in the order in which a connection meets them.
 *
 * Their number, and for each (n from 0 on; NULL behind the last) its stable id, the check that it
 * belongs to, who has to act ("local", "network" or "remote"), one sentence, one or two more (both
 * about the proxy, where it is met there), what was seen here, and what OpenSSL or another client
 * says in that case ("" if nothing). Borrowed. */
ANYCERT_API size_t anycert_diagnosis_causes(const struct anycert_diagnosis *diagnosis);
ANYCERT_API const char *anycert_diagnosis_cause_id(const struct anycert_diagnosis *diagnosis,
                                                   size_t n);
ANYCERT_API const char *anycert_diagnosis_cause_check(const struct anycert_diagnosis *diagnosis,
                                                      size_t n);
ANYCERT_API const char *anycert_diagnosis_cause_side(const struct anycert_diagnosis *diagnosis,
                                                     size_t n);
ANYCERT_API const char *anycert_diagnosis_cause_title(const struct anycert_diagnosis *diagnosis,
                                                      size_t n);
ANYCERT_API const char *
anycert_diagnosis_cause_explanation(const struct anycert_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *anycert_diagnosis_cause_evidence(const struct anycert_diagnosis *diagnosis,
                                                         size_t n);
ANYCERT_API const char *anycert_diagnosis_cause_error(const struct anycert_diagnosis *diagnosis,
                                                      size_t n);
/* Which link it is met on: "proxy" for the connection to a proxy, its tunnel, and TLS with an
 * https:// proxy, "origin" for everything behind it; NULL behind the last. Static string. */
ANYCERT_API const char *anycert_diagnosis_cause_hop(const struct anycert_diagnosis *diagnosis,
                                                    size_t n);

/* The https:// proxy as a server of its own, if the policy for it does not take what it shows, or
 * the handshake with it fails; else NULL. Its host, port, verdict, causes, policies and report are
 * those of a diagnosis; the first policy is the one for --proxy-trust
 * (anycert_config_set_proxy_policy) that everything behind the proxy was examined under, if it has
 * one. What is wrong with the proxy is among the causes of the whole, and its handshakes are
 * counted there, too. Borrowed. */
ANYCERT_API const struct anycert_diagnosis *
anycert_diagnosis_proxy(const struct anycert_diagnosis *diagnosis);

/* Policies that connect: the first is the one that gives up least, the others are alternatives.
 *
 * Their number, and for each (n from 0 on; NULL or 0 behind the last) its canonical text; whether a
 * handshake under exactly that policy was made, and a request, if one was asked for, answered
 * behind it (if 0, the note says how far it came); whether it failed without each of its parts; and
 * what has to be known before it is used ("" if nothing). Borrowed. */
ANYCERT_API size_t anycert_diagnosis_policies(const struct anycert_diagnosis *diagnosis);
ANYCERT_API const char *anycert_diagnosis_policy(const struct anycert_diagnosis *diagnosis,
                                                 size_t n);
/* The nth as a policy, with the anchors of the base policy, of which the text has but a digest
 * where they were given as bytes. Borrowed; NULL behind the last. */
ANYCERT_API const struct anycert_policy *
anycert_diagnosis_policy_object(const struct anycert_diagnosis *diagnosis, size_t n);
ANYCERT_API int anycert_diagnosis_policy_confirmed(const struct anycert_diagnosis *diagnosis,
                                                   size_t n);
ANYCERT_API int anycert_diagnosis_policy_minimal(const struct anycert_diagnosis *diagnosis,
                                                 size_t n);
ANYCERT_API const char *anycert_diagnosis_policy_note(const struct anycert_diagnosis *diagnosis,
                                                      size_t n);
/* Why the administrator of this machine does not allow the nth policy (anycert-ceiling(5)), as one
 * sentence; "" if he does, NULL behind the last. Borrowed. */
ANYCERT_API const char *
anycert_diagnosis_policy_forbidden(const struct anycert_diagnosis *diagnosis, size_t n);
/* The relaxations of the nth policy: the id of the ith; 0 behind the last. */
ANYCERT_API int anycert_diagnosis_policy_relaxation(const struct anycert_diagnosis *diagnosis,
                                                    size_t n, size_t i);

/* Commands: of the command line, quoted for a POSIX shell, without secrets.
 *
 * The request for the first policy, or for hardened where that connects: it can be pasted and works
 * at once, on the way of the examination ("anycert get --trust 'hardened+expired until=...' ...").
 * The policy in it has an end (ANYCERT_ADVISED_DAYS), or that and the reason (the word WHY) which
 * the administrator of the machine wants. What was given in memory stands there as anchors.pem and
 * intermediates.pem, a client certificate as client.pem. "" if nothing connects or is allowed. */
ANYCERT_API const char *anycert_diagnosis_command(const struct anycert_diagnosis *diagnosis);
/* The examination once more, with --apply, which writes that policy into the file hosts.policy
 * after it was confirmed on the terminal. "" where there is nothing to write, or nothing that
 * --apply would write. Both borrowed. */
ANYCERT_API const char *anycert_diagnosis_keep_command(const struct anycert_diagnosis *diagnosis);

/* What mends the causes: each in the order of the causes, the first to be tried first.
 *
 * Their number, and for each (n from 0 on; NULL behind the last) the id of the cause that it mends;
 * who has to act ("client", "server", "proxy" for whoever runs the proxy, or "network"); where
 * ("nginx", "anycert", "the URL"); what has to be done, in a sentence or two; and the lines to
 * paste, each with a line end, with the language that they are in ("shell", "nginx", "apache",
 * "haproxy", "squid", "powershell"; both "" if there are none). Borrowed. */
ANYCERT_API size_t anycert_diagnosis_remedies(const struct anycert_diagnosis *diagnosis);
ANYCERT_API const char *anycert_diagnosis_remedy_cause(const struct anycert_diagnosis *diagnosis,
                                                       size_t n);
/* The hop of that cause: "origin" or "proxy"; NULL behind the last. Static string. */
ANYCERT_API const char *anycert_diagnosis_remedy_hop(const struct anycert_diagnosis *diagnosis,
                                                     size_t n);
ANYCERT_API const char *anycert_diagnosis_remedy_audience(const struct anycert_diagnosis *diagnosis,
                                                          size_t n);
ANYCERT_API const char *anycert_diagnosis_remedy_where(const struct anycert_diagnosis *diagnosis,
                                                       size_t n);
ANYCERT_API const char *anycert_diagnosis_remedy_text(const struct anycert_diagnosis *diagnosis,
                                                      size_t n);
ANYCERT_API const char *anycert_diagnosis_remedy_language(const struct anycert_diagnosis *diagnosis,
                                                          size_t n);
ANYCERT_API const char *anycert_diagnosis_remedy_lines(const struct anycert_diagnosis *diagnosis,
                                                       size_t n);

/* What was observed, to be diagnosed again elsewhere: anycert-observation(5).
 *
 * As JSON: what was asked and answered, the handshakes' bytes, the certificates, and nothing
 * secret. Free with anycert_free. NULL with NOMEM or INTERNAL. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_diagnosis_observation(const struct anycert_diagnosis *diagnosis, struct anycert_error *err);
/* The same into a file, which appears only when it is whole, for its owner alone (mode 0600). 0, or
 * -1 with FILE, NOMEM or INTERNAL. */
ANYCERT_API ANYCERT_NODISCARD int anycert_diagnosis_save(const struct anycert_diagnosis *diagnosis,
                                                         const char *path,
                                                         struct anycert_error *err);
/* Diagnoses what was observed, and sends nothing: of the doctor only the clients and the clock are
 * used. What was not tried then is not called confirmed. Free with anycert_diagnosis_free. NULL
 * with FILE for a text that is damaged, or of a newer version, and NOMEM or INTERNAL. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_diagnosis *
anycert_doctor_replay_text(const struct anycert_doctor *doctor, const char *text, size_t len,
                           struct anycert_error *err);
/* The same from a file. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_diagnosis *
anycert_doctor_replay(const struct anycert_doctor *doctor, const char *path,
                      struct anycert_error *err);

/* The nth policy in the words of another client.
 *
 * The clients that are known: "curl", "requests", "openssl.cnf", "go", "node", "java", "wget"; NULL
 * behind the last. Static string. */
ANYCERT_API const char *anycert_doctor_client(size_t n);
/* "same", "coarser", "lacks"; NULL for a number that is none. Static string. */
ANYCERT_API const char *anycert_doctor_fit_name(int fit);
/* Comments that say what is otherwise there, then lines that can be used as they are: a command for
 * the shell (curl, wget), a program (requests, go, node, java), a configuration (openssl.cnf). n is
 * that of anycert_diagnosis_policy; where hardened connects, 0 is hardened. *fit (may be NULL)
 * becomes one of enum anycert_doctor_fit. Free with anycert_free. NULL with USAGE for a client that
 * is not known or a policy that there is none, or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_diagnosis_elsewhere(const struct anycert_diagnosis *diagnosis, size_t n, const char *client,
                            int *fit, struct anycert_error *err);
/* Addresses: how many of a host with several were looked at, the one that was examined first among
 * them (0 where there is only one), and for each (n from 0 on; NULL behind the last) its text
 * ("::1 port 443") and what came of it. Borrowed. */
ANYCERT_API size_t anycert_diagnosis_addresses(const struct anycert_diagnosis *diagnosis);
ANYCERT_API const char *anycert_diagnosis_address(const struct anycert_diagnosis *diagnosis,
                                                  size_t n);
ANYCERT_API const char *anycert_diagnosis_address_result(const struct anycert_diagnosis *diagnosis,
                                                         size_t n);

/* The whole as JSON (anycert-doctor(1) has the schema), without a final newline. Free with
 * anycert_free. NULL with NOMEM or INTERNAL. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_diagnosis_json(const struct anycert_diagnosis *diagnosis, struct anycert_error *err);
/* The whole as text for people: the answer in the first three lines, what led to it below. Free
 * with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_diagnosis_text(const struct anycert_diagnosis *diagnosis, struct anycert_error *err);
/* The same without the lines of configuration for the server, and of what others say with OpenSSL,
 * curl and Python alone. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_diagnosis_brief(const struct anycert_diagnosis *diagnosis, struct anycert_error *err);
/* What an examination does, step by step, as text; nothing is sent. Free with anycert_free. NULL
 * with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_doctor_plan(const struct anycert_doctor *doctor,
                                                        struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
