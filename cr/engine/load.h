// From an image file to validated records: everything that must be right before anything is done with it.
#pragma once

#include <string>

#include "cr/image/reader.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/records.h"

namespace cr::engine {

struct Loaded {
  image::Reader reader;
  kinds::Origin origin;
  kinds::Records records;
  image::VerifyReport verified;
};

// Every byte is checked, every record decoded and validated. InvalidImage tells what is wrong and where.
Result<Loaded> load(const std::string& path);

}  // namespace cr::engine
