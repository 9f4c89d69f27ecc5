#include "base/stop.h"

#include <stddef.h>

bool anycert__stop_wanted(const struct anycert__stop *stop)
{
    return stop && (atomic_load(&stop->said) || (stop->asked && stop->asked(stop->arg) != 0));
}
