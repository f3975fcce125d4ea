/* heads.h - a study of up to six seeds: mha; gqa, which is equivalent to it within 0.02; and mqa,
 * which is worse. */
#ifndef TESTS_HEADS_H
#define TESTS_HEADS_H

#include "tests/fixture.h"

static const double MHA[] = { 3.512, 3.498, 3.521, 3.505, 3.490, 3.515 },
                    GQA[] = { 3.516, 3.5035, 3.524, 3.511, 3.4945, 3.5185 },
                    MQA[] = { 3.545, 3.528, 3.549, 3.540, 3.522, 3.547 };

static const fixture_arm HEADS[] = {
    { "mha", "mha", 8, 512, -1, MHA, NULL },
    { "gqa:n_kv_heads=2", "gqa:n_kv_heads=2", 2, 512, 0, GQA, NULL },
    { "mqa", "mqa", 1, 512, 0, MQA, NULL },
};

#endif
