/* threads.c — one client for many threads. The client may be shared; each thread has its own
 * request and its own responses. Connections are kept and taken by whichever thread needs one next.
 *
 * usage: threads URL THREADS REQUESTS [CA-FILE]     REQUESTS for each thread
 *
 *     $ cc -pthread -o threads threads.c $(pkg-config --cflags --libs anycert)
 *     $ ./threads https://api.example/ 4 25 ca.pem
 *     100 answers with status 200, ... over connections that were open already
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_THREADS 64

struct job {
    pthread_t thread;
    struct anycert_client *client; /* shared */
    const char *url;
    long requests;
    long answers;
    long reused;
    struct anycert_error err; /* each thread has its own */
};

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "threads: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static void *work(void *arg)
{
    struct job *job = arg;
    struct anycert_request *request = anycert_request_new("GET", job->url, &job->err);

    for (long i = 0; request && i < job->requests; i++) {
        struct anycert_response *response = NULL;
        int result = anycert_client_send(job->client, request, &response, &job->err);

        if (result == 0 && anycert_response_status(response) == 200) {
            job->answers++;
            job->reused += anycert_response_hop_reused(response, 0);
        }
        anycert_response_free(response);
        if (result < 0)
            break;
    }
    anycert_request_free(request);
    return NULL;
}

static struct anycert_client *make_client(const char *ca, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && (!ca || anycert_policy_add_ca_path(policy, ca, err) == 0) &&
        anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* Runs the jobs and waits for them; 0 or the exit code of the first that failed. */
static int run(struct job *jobs, long count)
{
    long started = 0;
    int status = 0;

    while (started < count &&
           pthread_create(&jobs[started].thread, NULL, work, &jobs[started]) == 0)
        started++;
    if (started < count) {
        fprintf(stderr, "threads: only %ld threads can be made\n", started);
        status = 1;
    }
    for (long i = 0; i < started; i++) {
        (void)pthread_join(jobs[i].thread, NULL);
        if (jobs[i].err.code && status == 0)
            status = say(&jobs[i].err);
    }
    return status;
}

int main(int argc, char **argv)
{
    static struct job jobs[MAX_THREADS];
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    long count = argc >= 4 ? strtol(argv[2], NULL, 10) : 0;
    long requests = argc >= 4 ? strtol(argv[3], NULL, 10) : 0;
    long answers = 0;
    long reused = 0;
    int status = 0;

    if ((argc != 4 && argc != 5) || count < 1 || count > MAX_THREADS || requests < 1) {
        fprintf(stderr, "usage: threads URL THREADS REQUESTS [CA-FILE]   (1 to %d threads)\n",
                MAX_THREADS);
        return 2;
    }
    client = make_client(argc == 5 ? argv[4] : NULL, &err);
    if (!client)
        return say(&err);
    for (long i = 0; i < count; i++) {
        jobs[i].client = client;
        jobs[i].url = argv[1];
        jobs[i].requests = requests;
    }
    status = run(jobs, count);
    for (long i = 0; i < count; i++) {
        answers += jobs[i].answers;
        reused += jobs[i].reused;
    }
    printf("%ld answers with status 200, %ld over connections that were open already\n", answers,
           reused);
    anycert_client_free(client); /* after all requests */
    return status;
}
