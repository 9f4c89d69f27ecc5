/* Dates of the proleptic Gregorian calendar, without the C library's time zones. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400)

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January of a year from 0 on. */
static int64_t days_before_year(int64_t year)
{
    int64_t y = year - 1;
    int64_t leaps = year > 0 ? y / 4 - y / 100 + y / 400 + 1 : 0;
    return year * 365 + leaps - 719528;
}

static bool two_digits(const char *s, int *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    return true;
}

/* The first ten characters at s, which has them. */
static bool read_date(const char *s, int64_t *out)
{
    int century, year_of_century, month, day;
    if (s[4] != '-' || s[7] != '-' || !two_digits(s, &century) ||
        !two_digits(s + 2, &year_of_century) || !two_digits(s + 5, &month) ||
        !two_digits(s + 8, &day))
        return false;
    int64_t year = (int64_t)century * 100 + year_of_century;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    int64_t days = days_before_year(year) + day - 1;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    *out = days * DAY;
    return true;
}

bool anycert__parse_date(const char *s, int64_t *out)
{
    return s != NULL && strlen(s) == 10 && read_date(s, out);
}

bool anycert__parse_time(const char *s, size_t len, int64_t *out)
{
    int hour, minute, second;
    if (len != 20 || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != 'Z' ||
        !two_digits(s + 11, &hour) || !two_digits(s + 14, &minute) || !two_digits(s + 17, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59 || !read_date(s, out))
        return false;
    *out += hour * 3600 + minute * 60 + second;
    return true;
}

struct broken_down {
    int year, month, day, hour, minute, second;
};

static struct broken_down break_down(int64_t seconds)
{
    const int64_t first = days_before_year(0) * DAY, last = days_before_year(10000) * DAY - 1;
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t since = seconds - first;
    int64_t days = since / DAY, rest = since % DAY;
    /* 146097 days are 400 years; the estimate is at most one year too early. */
    int64_t year = days * 400 / 146097;
    year -= days_before_year(year) - days_before_year(0) > days;
    int64_t day = days - (days_before_year(year) - days_before_year(0));
    while (day >= 365 + is_leap(year)) {
        day -= 365 + is_leap(year);
        year++;
    }
    int month = 1;
    for (; day >= days_in_month(year, month); month++)
        day -= days_in_month(year, month);
    return (struct broken_down){
        (int)year,       month, (int)day + 1, (int)(rest / 3600), (int)(rest / 60 % 60),
        (int)(rest % 60)};
}

void anycert__format_date(int64_t seconds, char out[ANYCERT__DATE_SIZE])
{
    struct broken_down t = break_down(seconds);
    snprintf(out, ANYCERT__DATE_SIZE, "%04d-%02d-%02d", t.year, t.month, t.day);
}

void anycert__format_time(int64_t seconds, char out[ANYCERT__TIME_SIZE])
{
    struct broken_down t = break_down(seconds);
    snprintf(out, ANYCERT__TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day,
             t.hour, t.minute, t.second);
}
