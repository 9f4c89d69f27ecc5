/* A first contact while memory runs out at each place in turn: no key is believed that is not
 * recorded, and the store stays whole. */
#include "client/known.h"

#include "base/mem.h"

#include <anycert/trust_store.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#define OTHER "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static uint16_t port_of(enum flaw flaw)
{
    return pins_scene.web.ports[flaw];
}

/* The store as it is on the disk, read without memory. */
static bool is_on_disk(const char *pin)
{
    char text[2000] = "";
    int fd = open(known_path(), O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        (void)close(fd);
    return len > 0 && strstr(text, pin) != NULL;
}

struct scene_of_want {
    const char *mode;
    bool is_locked; /* by another writer, in the beginning */
    int writer;
    unsigned looks;
    unsigned sent, sent_unrecorded;
};

/* The body is asked for when the request goes out. */
static int64_t give_body(void *arg, void *buffer, size_t size)
{
    struct scene_of_want *scene = arg;

    (void)buffer;
    (void)size;
    scene->sent++;
    scene->sent_unrecorded += !is_on_disk(pins_at(FLAW_SELF_SIGNED));
    return 0;
}

static int rewind_body(void *arg)
{
    (void)arg;
    return 0;
}

static void end_writing(struct scene_of_want *scene)
{
    if (scene->writer >= 0)
        (void)close(scene->writer);
    scene->writer = -1;
}

static int look_on(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                   uint64_t send_total)
{
    struct scene_of_want *scene = arg;

    (void)received;
    (void)receive_total;
    (void)sent;
    (void)send_total;
    if (++scene->looks == 12)
        end_writing(scene);
    return 0;
}

static int yes(void *arg, const struct anycert_report *report)
{
    (void)arg;
    (void)report;
    return 1;
}

static void begin(struct scene_of_want *scene)
{
    char lock[96];

    (void)unlink(known_path());
    known_add(port_of(FLAW_NONE), OTHER);
    scene->looks = scene->sent = 0;
    scene->writer = -1;
    if (!scene->is_locked)
        return;
    (void)snprintf(lock, sizeof lock, "%s.lock", known_path());
    scene->writer = open(lock, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(scene->writer, LOCK_EX | LOCK_NB), 0);
}

/* Whether it went well, as the nth request for memory and all behind it were refused. */
static bool meet(struct scene_of_want *scene, unsigned long nth)
{
    struct anycert_error err = {0};
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = known_policy("tofu", scene->mode),
                                 .trust_store = known_path(),
                                 .trust_ask = yes});
    struct anycert_request *request =
        anycert_request_new("POST", url_of("https", port_of(FLAW_SELF_SIGNED), ""), &err);
    struct anycert_response *response = NULL;

    assert_non_null(request);
    assert_int_equal(
        anycert_request_set_body_source(request, give_body, rewind_body, -1, scene, &err), 0);
    assert_int_equal(anycert_request_set_progress(request, look_on, scene, &err), 0);
    anycert__mem_fail_from(nth);
    int rv = anycert_client_send(client, request, &response, &err);
    anycert__mem_fail_from(0);
    end_writing(scene);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    if (rv < 0)
        assert_int_not_equal(err.code, 0);
    return rv == 0;
}

static void run(struct scene_of_want scene)
{
    bool went_well = false;

    for (unsigned long nth = 1; !went_well; nth++) {
        begin(&scene);
        went_well = meet(&scene, nth);
        assert_int_equal(scene.sent_unrecorded, 0);
        /* It can be read, and has what it had. */
        assert_string_equal(known_as(port_of(FLAW_NONE)), "pin " OTHER);
        assert_int_equal(known_count(), is_on_disk(pins_at(FLAW_SELF_SIGNED)) ? 2 : 1);
        assert_true(nth < 5000);
    }
    assert_true(scene.sent > 0);
    assert_string_equal(known_as(port_of(FLAW_SELF_SIGNED)) + 4, pins_at(FLAW_SELF_SIGNED));
}

static void want_of_memory_while_a_key_is_learned(void **state)
{
    (void)state;
    run((struct scene_of_want){.mode = "accept-new"});
}

static void want_of_memory_while_the_user_is_asked(void **state)
{
    (void)state;
    run((struct scene_of_want){.mode = "ask"});
}

static void want_of_memory_while_others_write(void **state)
{
    (void)state;
    run((struct scene_of_want){.mode = "accept-new", .is_locked = true});
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, known_setup, known_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(want_of_memory_while_a_key_is_learned),
        CASE(want_of_memory_while_the_user_is_asked),
        CASE(want_of_memory_while_others_write),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
