/* match.h - make an arm as large as the one it is compared with.
 *
 * SwiGLU's three matrices cost 3 D a unit of width and layer, so parameters are linear in ffn_dim:
 *
 *     f = f0 + (P_base - P(f0)) / slope, to the nearest multiple of 8
 *
 * With Llama's attention that is f_base + (2/3)(H - G) E.  Llama 2 itself multiplied by 1.33 (MQA)
 * and 1.3 (GQA) (Touvron et al. 2023, A.2.1), which at ffn_dim = 8/3 dim makes the arm larger than
 * its base; it is there to repeat what they did.
 */
#ifndef EXPERIMENTS_MATCH_H
#define EXPERIMENTS_MATCH_H

#include "experiments/study_file.h"
#include "trainer/model/model.h"

/* Largest residual, as a part of the parameters, that still counts as equal. */
#define MATCH_TOLERANCE 0.005

/* Change model.ffn_dim in spec, and with it its cost, by the rule `how`.  Fails if no multiple of 8
 * makes the parameters equal, or if the rule can't be applied. */
bool match_ffn(run_spec *spec, model_cost *cost, const run_spec *base, const model_cost *base_cost,
               study_file_match how, error *e);

#endif
