#include "client/virtual_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int64_t now_us(void *arg)
{
    const struct virtual_time *time = arg;

    return time->now_us;
}

static int sleep_ms(void *arg, int64_t ms)
{
    struct virtual_time *time = arg;

    if (time->sleeps < SLEEPS)
        time->slept[time->sleeps] = ms;
    time->sleeps++;
    if (time->sleeps == time->give_up_at)
        return 1;
    time->now_us += ms * 1000;
    return 0;
}

void virtual_time_set(struct anycert_config *config, struct virtual_time *time)
{
    assert_int_equal(anycert_config_set_waiting(config, now_us, sleep_ms, time, NULL), 0);
}

void virtual_time_expect(const struct virtual_time *time, const int64_t *slept, unsigned count)
{
    assert_int_equal(time->sleeps, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(time->slept[i], slept[i]);
}
