# Data in every pipe: a sorter that has to see all of it, a compressor, a digest. $1: lines.
seq 1 "$1" | sed 's/\(.*\)/\1 line number \1/' | sort -k 4 -r | xz -1 -T1 | xz -d | sha256sum
