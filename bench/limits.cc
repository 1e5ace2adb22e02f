#include "bench/limits.h"

#include <iomanip>
#include <sstream>

namespace bench {

std::string beyond_limits(const Row& ours, const Row* firmware) {
  if (ours.run.workload == "W8") return {};
  const auto time_ns = static_cast<double>(ours.cost.device_ns);
  std::ostringstream what;
  what << std::fixed << std::setprecision(3);
  const auto compare = [&](double of_ns, double limit, const char* whose) {
    if (time_ns > limit * of_ns) what << "; " << time_ns / of_ns << " times the " << whose << "'s time";
  };
  compare(static_cast<double>(ours.ideal_ns), kMostTimeOfIdeal, "ideal");
  const auto erases = static_cast<double>(ours.cost.erases);
  if (erases > kMostErasesOfIdeal * static_cast<double>(ours.ideal_erases) + kSpareErases) {
    what << "; " << ours.cost.erases << " erases, the ideal " << ours.ideal_erases;
  }
  if (firmware != nullptr)
    compare(static_cast<double>(firmware->cost.device_ns), kMostTimeOfFirmware, "firmware");
  const std::string text = what.str();
  return text.empty() ? text : text.substr(2);
}

}  // namespace bench
