#include "bench/report.h"

#include <iomanip>
#include <ostream>
#include <sstream>

namespace bench {

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string seconds(uint64_t ns) {
  int digits = 2;
  for (uint64_t limit = 1'000'000'000; ns < limit && digits < 7; limit /= 10) ++digits;
  return fixed(static_cast<double>(ns) / 1e9, digits);
}

namespace {

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

const char* medium_of(const Run& run) {
  return run.used ? "used" : "blank";
}

// To the nanosecond: reading back a few files takes a few microseconds.
std::string us(uint64_t ns) {
  return fixed(static_cast<double>(ns) / 1e3, 3);
}

}  // namespace

void print_table_head(std::ostream& out) {
  out << "BOARD                 WORKLOAD FS        MEDIUM CONTENDER  DEVICE s   / IDEAL  ERASES   IDEAL  "
         "WORST  "
         "PROGRAMMED KiB  MASKED us\n";
}

void print_row(std::ostream& out, const Row& row) {
  out << std::left << std::setw(22) << row.run.board->name << std::setw(9) << row.run.workload
      << std::setw(10) << name_of(row.run.filesystem) << std::setw(7) << medium_of(row.run) << std::setw(10)
      << name_of(row.run.contender) << std::right << std::setw(9) << seconds(row.cost.device_ns)
      << std::setw(10) << fixed(ratio(row.cost.device_ns, row.ideal_ns), 3) << std::setw(8) << row.cost.erases
      << std::setw(8) << row.ideal_erases << std::setw(7) << row.cost.worst_sector_erases << std::setw(16)
      << row.cost.bytes_programmed / 1024 << std::setw(11) << row.cost.masked_us_max << std::endl;
}

void write_json(std::ostream& out, const std::vector<Row>& rows) {
  out << "[";
  const char* separator = "\n";
  for (const Row& row : rows) {
    out << separator << "  {\"board\": \"" << row.run.board->name << "\", \"fs\": \""
        << name_of(row.run.filesystem) << "\", \"workload\": \"" << row.run.workload << "\", \"medium\": \""
        << medium_of(row.run) << "\", \"contender\": \"" << name_of(row.run.contender)
        << "\", \"device_us\": " << us(row.cost.device_ns) << ", \"erases\": " << row.cost.erases
        << ", \"worst_sector_erases\": " << row.cost.worst_sector_erases
        << ", \"bytes_programmed\": " << row.cost.bytes_programmed
        << ", \"masked_us_max\": " << row.cost.masked_us_max << ", \"ideal_us\": " << us(row.ideal_ns)
        << ", \"ideal_erases\": " << row.ideal_erases << "}";
    separator = ",\n";
  }
  out << "\n]\n";
}

}  // namespace bench
