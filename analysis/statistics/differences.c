/* differences.c - one run per arm: differences without errors, so nothing is tested. */
#include "analysis/statistics/procedure.h"

#include <math.h>
#include <stdio.h>

static bool applies(const procedure_case *k)
{
    (void)k;
    return true;
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    (void)r;
    snprintf(text, size, "differences only: one run per arm says nothing about the error");
}

static void compute(contrast_result *r, const contrast_study *s)
{
    (void)r, (void)s; /* the differences are there already */
}

static void forecast(procedure_forecast *f, const procedure_plan *p, const contrast *row, int seeds)
{
    (void)p, (void)row, (void)seeds;
    *f = (procedure_forecast){ .df = NAN, .outer = NAN, .inner = NAN };
}

const procedure procedure_differences = {
    .name = "differences",
    .assumes = "",
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .forecast = forecast,
};
