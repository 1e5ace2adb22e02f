// A table as the commands print it.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace cli {

using TableRow = std::vector<std::string>;

// In columns as wide as they need to be. All rows are as long; the first is the heading.
void print_table(std::ostream& out, const std::vector<TableRow>& rows);

}  // namespace cli
