#include "cli/output_file.h"

#include "images/output_file.h"

namespace cli {

std::string write_file(const std::string& path, std::string_view content) {
  images::OutputFile file;
  std::string error = file.open(path);
  if (error.empty()) error = file.write({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  return error.empty() ? file.commit() : error;
}

}  // namespace cli
