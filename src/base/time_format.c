/* SPDX-License-Identifier: MIT */
#include "base/time_format.h"

#define DAY             (24 * KITH_HOUR)
#define TIME_TEXT_FIRST ((kith_time)-62167219200 * KITH_SECOND)     /* 0000-01-01 */
#define TIME_TEXT_LAST  ((kith_time)253402300800 * KITH_SECOND - 1) /* the end of 9999 */

/* A day of the Gregorian calendar, which RFC 3339 also uses for the years before it. */
struct date {
    int year, month, day;
};

enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

/* Both count years from 1 March, so that the leap day is the last day of one; an era
 * is the 400 years after which the calendar repeats. */
static int64_t days_from_date(struct date d)
{
    int64_t year = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (d.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + d.day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static struct date date_from_days(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month =
        (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    int day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    int year = (int)(year_of_era + era * 400) + (month <= 2);
    return (struct date){year, month, day};
}

static void put_digits(char **at, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        (*at)[i] = (char)('0' + value % 10);
    *at += digits;
}

void kith_time_format(kith_time wall, char out[static KITH_TIME_TEXT_SIZE])
{
    if (wall < TIME_TEXT_FIRST)
        wall = TIME_TEXT_FIRST;
    if (wall > TIME_TEXT_LAST)
        wall = TIME_TEXT_LAST;
    int64_t days = (wall >= 0 ? wall : wall - (DAY - 1)) / DAY;
    kith_time in_day = wall - days * DAY;
    struct date date = date_from_days(days);
    const struct {
        int64_t value;
        int digits;
        char after;
    } fields[] = {
        {date.year, 4, '-'},
        {date.month, 2, '-'},
        {date.day, 2, 'T'},
        {in_day / KITH_HOUR, 2, ':'},
        {in_day / KITH_MINUTE % 60, 2, ':'},
        {in_day / KITH_SECOND % 60, 2, '.'},
        {in_day / KITH_MS % 1000, 3, 'Z'},
    };
    char *at = out;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        put_digits(&at, fields[i].value, fields[i].digits);
        *at++ = fields[i].after;
    }
    *at = '\0';
}

/* Like a reader: mistakes are sticky, and asked for once at the end. */
struct scan {
    const uint8_t *at, *end;
    bool failed;
};

static bool is_digit_next(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int scan_number(struct scan *s, int digits, int low, int high)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit_next(s)) {
            s->failed = true;
            return low;
        }
        value = value * 10 + (*s->at++ - '0');
    }
    if (value < low || value > high) {
        s->failed = true;
        return low;
    }
    return value;
}

/* Step over one of `choices` and return it, or 0. */
static char scan_any(struct scan *s, const char *choices)
{
    for (; *choices && s->at < s->end; choices++)
        if (*s->at == (uint8_t)*choices) {
            s->at++;
            return *choices;
        }
    return 0;
}

static char scan_one(struct scan *s, const char *choices)
{
    char found = scan_any(s, choices);
    if (!found)
        s->failed = true;
    return found;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

static kith_time scan_date(struct scan *s)
{
    struct date date;
    date.year = scan_number(s, 4, 0, 9999);
    scan_one(s, "-");
    date.month = scan_number(s, 2, 1, 12);
    scan_one(s, "-");
    date.day = scan_number(s, 2, 1, days_in_month(date.year, date.month));
    return days_from_date(date) * DAY;
}

static kith_time scan_fraction(struct scan *s)
{
    if (!scan_any(s, "."))
        return 0;
    if (!is_digit_next(s))
        s->failed = true;
    kith_time fraction = 0;
    kith_time unit = KITH_SECOND / 10;
    for (; is_digit_next(s); unit /= 10)
        fraction += (*s->at++ - '0') * unit;
    return fraction;
}

static kith_time scan_offset(struct scan *s)
{
    char sign = scan_one(s, "Zz+-");
    if (sign != '+' && sign != '-')
        return 0;
    kith_time offset = scan_number(s, 2, 0, 23) * KITH_HOUR;
    scan_one(s, ":");
    offset += scan_number(s, 2, 0, 59) * KITH_MINUTE;
    return sign == '-' ? -offset : offset;
}

static kith_time scan_clock(struct scan *s)
{
    kith_time clock = scan_number(s, 2, 0, 23) * KITH_HOUR;
    scan_one(s, ":");
    clock += scan_number(s, 2, 0, 59) * KITH_MINUTE;
    scan_one(s, ":");
    clock += scan_number(s, 2, 0, 60) * KITH_SECOND;
    clock += scan_fraction(s);
    return clock - scan_offset(s);
}

static bool parse_absolute(struct scan s, kith_time *out)
{
    kith_time wall = scan_date(&s);
    if (s.at < s.end) {
        scan_one(&s, "Tt ");
        wall += scan_clock(&s);
    }
    if (s.failed || s.at != s.end)
        return false;
    *out = wall;
    return true;
}

static bool parse_relative(struct scan s, kith_time now, kith_time *out)
{
    kith_time count = 0;
    if (!is_digit_next(&s))
        return false;
    while (is_digit_next(&s))
        if (__builtin_mul_overflow(count, 10, &count) ||
            __builtin_add_overflow(count, *s.at++ - '0', &count))
            return false;
    char unit = scan_one(&s, "smhd");
    if (s.failed || s.at != s.end)
        return false;
    kith_time size = unit == 's'   ? KITH_SECOND
                     : unit == 'm' ? KITH_MINUTE
                     : unit == 'h' ? KITH_HOUR
                                   : DAY;
    kith_time before, wall;
    if (__builtin_mul_overflow(count, size, &before) ||
        __builtin_sub_overflow(now, before, &wall))
        return false;
    *out = wall;
    return true;
}

bool kith_time_parse(struct kith_bytes text, kith_time now, kith_time *out)
{
    if (text.size == 0)
        return false;
    struct scan s = {text.data, text.data + text.size, false};
    return parse_relative(s, now, out) || parse_absolute(s, out);
}
