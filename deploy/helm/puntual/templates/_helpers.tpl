{{- define "puntual.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "puntual.namespace" -}}{{ default .Release.Namespace .Values.namespaceOverride }}{{- end -}}

{{- define "puntual.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "puntual.labels" -}}
{{ include "puntual.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "puntual.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end -}}

{{- define "puntual.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "puntual.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end -}}

{{/* How many pods there are at least. */}}
{{- define "puntual.minReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}
{{- else if kindIs "invalid" .Values.replicas }}2
{{- else }}{{ .Values.replicas }}{{ end }}
{{- end -}}

{{- define "puntual.grace" -}}
{{- $least := add .Values.drain.preStopSeconds .Values.drain.limitSeconds -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds }}{{ add $least 7 }}
{{- else if le (int .Values.terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "terminationGracePeriodSeconds is %v: it must be more than drain.preStopSeconds and drain.limitSeconds together (%v), else pods are killed while they answer" .Values.terminationGracePeriodSeconds $least) -}}
{{- else }}{{ .Values.terminationGracePeriodSeconds }}{{ end }}
{{- end -}}

{{/* Combinations that cannot work, each with its sentence. */}}
{{- define "puntual.check" -}}
{{- if and .Values.autoscaling.enabled (not (kindIs "invalid" .Values.replicas)) -}}
{{- fail "replicas and autoscaling.enabled exclude each other: the autoscaler owns the number; set autoscaling.minReplicas" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas (%v) is more than autoscaling.maxReplicas (%v)" .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas) -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (kindIs "invalid" .Values.autoscaling.targetCPUUtilizationPercentage) (kindIs "invalid" .Values.autoscaling.requestsPerSecond) (not .Values.autoscaling.metrics) -}}
{{- fail "autoscaling.enabled needs a target: targetCPUUtilizationPercentage, requestsPerSecond or metrics" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts, such as [{host: flights.example.com}]" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateways that it is attached to" -}}
{{- end -}}
{{- end -}}
