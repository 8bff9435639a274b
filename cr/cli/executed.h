// Started by the kernel because an image was executed: the command line that this means.
#pragma once

#include <vector>

namespace cr::cli {

// As execve(2) takes it, null at the end. By hand: what was given. From binfmt_misc: "cr IMAGE WORDS..."
// becomes "cr restore IMAGE WORDS...".
std::vector<char*> command_line(int argc, char** argv);

// The pure half of it.
std::vector<char*> as_restore(int argc, char** argv);

}  // namespace cr::cli
