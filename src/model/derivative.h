// What derivatives of a recorded run are asked: which are given, which are
// looked at. Adjoint: backward.h, tangent: tangent.h.
#ifndef PELLUCID_MODEL_DERIVATIVE_H_
#define PELLUCID_MODEL_DERIVATIVE_H_

#include <cstddef>
#include <stop_token>

#include "trace/editor.h"
#include "trace/probe.h"

namespace pellucid {

struct DerivativeOptions {
  // Derivatives that are taken at once and share the run: row c * tokens + t of
  // each matrix is that of copy c at packed token t. To probe and editor the
  // prompt p of copy c is number c * prompts + p. No copy depends on the
  // others.
  std::size_t copies = 1;
  // Adds to the derivative at a point what is given there. Null: nothing. What
  // it writes to scores and patterns counts where a query sees a key.
  Editor* given = nullptr;
  // Is shown the derivative at each point that it wants, [copies * tokens,
  // features], after what is given there. Points that name one tensor twice, a
  // module's output and that of the last module inside it, are points of their
  // own. There is none of rotary tables. Null: nobody.
  Probe* probe = nullptr;
  std::stop_token stop = {};
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_DERIVATIVE_H_
