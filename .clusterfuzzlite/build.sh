#!/bin/bash
# Called by the service, which sets CC, CXX, their flags, LIB_FUZZING_ENGINE and OUT; the tree is the current folder.
set -euo pipefail
# The libraries of the distribution stand on libstdc++; what is compiled against another one cannot be linked with them.
export CXXFLAGS=${CXXFLAGS//-stdlib=libc++/}
tree=build/service
cmake -S . -B "$tree" -G Ninja -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCR_FUZZ=service
mapfile -t names < <(sed -n 's/^\([a-z][a-z_0-9]*\).*/\1/p' fuzz/targets)
# Only these: tests, benchmarks and workloads are not made for sanitizers of the environment.
cmake --build "$tree" -t make_image_seeds make_record_seeds make_program_seeds "${names[@]/#/fuzz_}"
for what in image record program; do "$tree/bin/make_${what}_seeds" "$tree/fuzz/made/$what"; done
for name in "${names[@]}"; do
  cp "$tree/bin/fuzz_$name" "$OUT/"
  mapfile -t inputs < "$tree/fuzz/$name.inputs"
  find "${inputs[@]}" -type f -print0 | xargs -0 -r zip -q -j "$OUT/fuzz_${name}_seed_corpus.zip"
  cp "$(< "$tree/fuzz/$name.dictionary")" "$OUT/fuzz_$name.dict"
done
