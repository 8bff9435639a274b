// docs/FORMAT.md names every record, with its number, and no other.
#include <cstdio>
#include <fstream>
#include <map>

#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/origin.pb.h"

namespace cr::kinds {
namespace {

std::map<uint32_t, std::string> documented() {
  std::ifstream document(CR_FORMAT_DOCUMENT);
  std::map<uint32_t, std::string> records;
  for (std::string line; std::getline(document, line);) {
    unsigned type = 0;
    char name[64] = {};
    if (std::sscanf(line.c_str(), "| %u | `%63[A-Za-z]`", &type, name) == 2) records[type] = name;
  }
  return records;
}

TEST(Document, NamesEveryRecord) {
  std::map<uint32_t, std::string> known{{kOriginRecord, Origin::descriptor()->name()}};
  for (const auto& kind : all_kinds())
    for (const Schema& schema : kind->schemas())
      known[schema.type] = schema.prototype->GetDescriptor()->name();
  EXPECT_EQ(documented(), known);
}

}  // namespace
}  // namespace cr::kinds
