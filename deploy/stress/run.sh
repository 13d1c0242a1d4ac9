#!/bin/sh
# Stresses a service from four pods at once and writes one report.
#   deploy/stress/run.sh http://puntual:8080 REGISTRY/puntual:0.1.0 [report.html]
set -eu
target=$1
image=$2
report=${3:-stress-report.html}
here=$(dirname "$0")
runs=$(mktemp -d)
# Enough for the pods to be scheduled, the image to be pulled and the connections to be opened.
start=$(($(date +%s) + 120))

kubectl delete job puntual-stress --ignore-not-found
sed -e "s|value: http://puntual:8080|value: $target|" -e "s|value: \"0\"|value: \"$start\"|" \
  -e "s|image: puntual:0.1.0|image: $image|" "$here/job.yaml" | kubectl apply -f -
# A pod whose threshold failed ends with 99, so the Job as a whole may fail although every part ran.
kubectl wait job/puntual-stress --for=jsonpath='{.status.active}'=4 --timeout=110s
while [ "$(kubectl get job puntual-stress -o jsonpath='{.status.active}')" ]; do sleep 2; done
for part in 0 1 2 3; do
  pods="job-name=puntual-stress,batch.kubernetes.io/job-completion-index=$part"
  kubectl logs -l "$pods" --tail=-1 | grep '^{"format":"puntual-stress-run' >"$runs/run-$part.json"
done
npx puntual stress --merge "$runs"/run-*.json -o "$report"
