{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "compactstall.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "compactstall.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "compactstall.labels" -}}
{{ include "compactstall.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end -}}

{{- define "compactstall.image" -}}
{{- $repository := required "set image.repository to the registry and the name of your image. No public registry has one; packaging/chart/README.md says how to make it" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* A probe goes to the address on which the metrics are served. */}}
{{- define "compactstall.probe" -}}
{{- $httpGet := dict "port" .metrics.port -}}
{{- if .hostNetwork }}{{ $_ := set $httpGet "host" "127.0.0.1" }}{{ end -}}
{{- toYaml (merge (dict "httpGet" $httpGet) .probe) -}}
{{- end -}}
