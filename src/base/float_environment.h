// Sets the floating-point control word that all results are defined under
// (round to nearest, denormals kept), and restores the caller's on exit: host
// programs may flush denormals or round otherwise. Costs a few nanoseconds.
#ifndef PELLUCID_BASE_FLOAT_ENVIRONMENT_H_
#define PELLUCID_BASE_FLOAT_ENVIRONMENT_H_

#include <cstdint>

namespace pellucid {

class FloatEnvironment {
 public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::uint64_t saved_;
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_FLOAT_ENVIRONMENT_H_
