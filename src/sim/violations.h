// What a driver did that the manual forbids. A model that notices records it here and behaves as the
// hardware would; the tests demand an empty list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

struct Violation {
  uint64_t at_ns;
  std::string where;  // "QUADSPI CCR", "W25Q256JV"
  std::string what;   // one sentence
};

class Violations {
 public:
  void add(uint64_t at_ns, std::string where, std::string what) {
    list_.push_back({at_ns, std::move(where), std::move(what)});
  }
  bool empty() const { return list_.empty(); }
  const std::vector<Violation>& list() const { return list_; }
  void clear() { list_.clear(); }

 private:
  std::vector<Violation> list_;
};

}  // namespace sim
