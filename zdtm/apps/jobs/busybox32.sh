# The same for a 32-bit shell and its 32-bit applets. $1: busybox, $2: lines.
"$1" seq 1 "$2" | "$1" sed 's/$/ of many/' | "$1" sort -r | "$1" gzip -1 | "$1" gunzip | "$1" sha256sum
i=0
sum=0
while [ "$i" -lt 20000 ]; do
	i=$((i + 1))
	sum=$(((sum * 31 + i) % 1000003))
done
echo "$sum"
